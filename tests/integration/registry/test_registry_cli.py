"""``hazway-server registry import``: the operator's own import, through the same door as any call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from services.registry.cli import commands
from services.traceability import genesis, keeper_of
from tests.integration.registry.registry_house import CARRIER, House

HEADINGS = "车牌号,车牌颜色,车辆识别代号,车辆种类,车辆类型,准牵引总质量(kg),道路运输证号,经营范围"
GOOD = "粤B11111,黄色,LHAZWAY0000000011,牵引车,FL,40000,440300111111,危险货物运输(3类)"
BAD = "粤B222,黄色,LHAZWAY0000000022,牵引车,FL,40000,440300222222,危险货物运输(3类)"


@pytest.fixture
def at_home(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    settings = house.adapter.settings
    url = make_url(str(house.engine.url.render_as_string(hide_password=False)))
    monkeypatch.setenv("HAZWAY_HOME", str(settings.home))
    monkeypatch.setenv("HAZWAY_DATABASE_URL", url.set(drivername="postgresql").render_as_string(hide_password=False))
    monkeypatch.setenv("HAZWAY_REDIS_URL", "redis://127.0.0.1:1")
    genesis.begin(house.engine, keeper_of(settings), house.clock.now())
    return house


def run(file: Path, *options: str) -> tuple[int, str]:
    arguments = ["import", str(file), "--kind", "vehicles", "--organisation", CARRIER, *options]
    result = CliRunner().invoke(commands(), arguments)
    return result.exit_code, result.output


def test_a_sheet_is_imported_and_every_bad_row_reported(at_home: House, tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text("\n".join((HEADINGS, GOOD, BAD)), encoding="utf-8")
    code, output = run(file, "--json", "--check")
    assert (code, json.loads(output)["imported"]) == (1, False)
    code, output = run(file, "--all-or-nothing")
    assert (code, "not registered" in output) == (1, True)
    code, output = run(file)
    assert code == 1
    assert "3\tplate\tPLATE_INVALID" in output
    assert "已登记 registered: 1" in output


def test_a_file_that_is_no_sheet_is_refused(at_home: House, tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_bytes(b"")
    assert run(file)[0] == 2


def test_the_headings_of_a_sheet_are_told() -> None:
    result = CliRunner().invoke(commands(), ["columns", "tanks"])
    assert "罐体编号\tnumber" in result.output
