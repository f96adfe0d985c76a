"""``hazway waybill check`` answers by its exit code, in words and for machines."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hazway.cli import app
from tests.vectors.generate_roadside import AT, TRUST, bundle, code, trust_text


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "day.bundle").write_bytes(bundle())
    (tmp_path / "trust.json").write_text(json.dumps(trust_text(TRUST)))
    return tmp_path


def run(files: Path, text: str, *options: str, stdin: str = "", trusting: bool = True) -> Result:
    trust = ("--trust", str(files / "trust.json")) if trusting else ()
    line = ["waybill", "check", text, "--bundle", str(files / "day.bundle"), *trust, "--at", AT.isoformat(), *options]
    return CliRunner().invoke(app, line, input=stdin, env={"HAZWAY_TRUST": None})


def test_a_good_code_leaves_with_0_and_shows_what_to_compare(files: Path) -> None:
    done = run(files, code())
    assert done.exit_code == 0, done.output
    for shown in ("有效", "粤B11001", "张一号 4417", "UN1203", "3 h 0 min"):
        assert shown in done.output


def test_the_code_may_come_from_a_file_or_standard_input(files: Path) -> None:
    (files / "scanned").write_text(code() + "\r\n")
    assert run(files, f"@{files / 'scanned'}").exit_code == 0
    assert run(files, "-", stdin=code() + "\n").exit_code == 0


def test_a_void_waybill_leaves_with_1_and_the_layer(files: Path) -> None:
    done = run(files, code(status_index=1002), "--json")
    assert done.exit_code == 1
    said = json.loads(done.output)
    assert (said["verdict"], said["failed_layer"]) == ("VOID", "status")
    assert said["layers"]["signature"] is True
    assert said["layers"]["status"] is False
    assert said["bundle_age_s"] == 3 * 3600


def test_what_cannot_be_told_leaves_with_3(files: Path) -> None:
    assert run(files, code(), "--max-age-hours", "2").exit_code == 3


def test_without_a_trust_file_nothing_is_valid(files: Path) -> None:
    done = run(files, code(), trusting=False)
    assert done.exit_code == 1
    assert "UNKNOWN_KEY" in done.output


def test_a_time_without_a_zone_is_of_china(files: Path) -> None:
    local = (AT + timedelta(hours=8)).replace(tzinfo=None).isoformat()
    done = run(files, code(), "--at", local, "--json")
    assert json.loads(done.output)["bundle_age_s"] == 3 * 3600
