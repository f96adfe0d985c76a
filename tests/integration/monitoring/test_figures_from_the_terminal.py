"""``hazway-server figures export``: the same numbers as over the wire, in a file a spreadsheet opens."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from services.monitoring.cli import HEADINGS, _per_cent, app
from services.runtime.host import scale_clock
from tests.cast import CARRIER
from tests.integration.monitoring.road_house import House, a_fix, drive
from tests.integration.monitoring.test_figures import ask, work_out


@pytest.fixture
def served(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    settings = house.world.host.settings
    for name in ("home", "database_url", "redis_url"):
        monkeypatch.setenv(f"HAZWAY_{name.upper()}", str(getattr(settings, name)))
    house.world.clock.advance(hours=2)
    scale_clock(settings.home, house.now, 0.0)  # so that the terminal tells the same time
    house.rows(*drive(house.now, minutes=4), a_fix(house.now, heading_deg=999))
    work_out(house)
    return house


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_the_file_says_what_the_wire_says(served: House, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"figures{ending}"
    day = f"{served.now:%Y-%m-%d}"
    done = CliRunner().invoke(app, ["export", str(out), "--period", day, "--carrier", CARRIER])
    assert done.exit_code == 0, done.output
    if ending == ".csv":
        rows = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
    else:
        rows = [["" if v is None else str(v) for v in row] for row in openpyxl.load_workbook(out).active.values]
    assert tuple(rows[0]) == HEADINGS
    found = {row[3]: (int(row[5]), int(row[6])) for row in rows[1:] if row[6]}
    assert found == ask(served)
    assert [row[5] for row in rows if row[3] == "FIX_HEADING_INVALID"] == ["1"]


def test_each_day_of_a_month_adds_up(served: House, tmp_path: Path) -> None:
    out = tmp_path / "month.csv"
    month = f"{served.now:%Y-%m}"
    done = CliRunner().invoke(app, ["export", str(out), "--period", month, "--each-day"])
    assert done.exit_code == 0, done.output
    rows = [row for row in csv.reader(out.read_text("utf-8-sig").splitlines()) if row[3] == "DATA_VALID"]
    assert len(rows) == 31
    assert int(rows[0][5]) == sum(int(row[5]) for row in rows[1:])


@pytest.mark.parametrize(
    "arguments", [["x.csv", "--period", "2026"], ["x.txt", "--period", "2026-11"], ["x.csv", "--period", "=1+1"]]
)
def test_what_it_cannot_do_is_said(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["export", *arguments]).exit_code == 2


def test_shares_are_rounded_half_up_in_whole_numbers() -> None:
    assert [_per_cent(*pair) for pair in ((1, 3), (2, 3), (1, 1), (0, 5), (0, 0), (99_995, 100_000))] == [
        "33.33", "66.67", "100.00", "0.00", "", "100.00",
    ]  # fmt: skip
