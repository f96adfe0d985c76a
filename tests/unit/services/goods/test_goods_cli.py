"""``hazway-server goods``: what it prints is a contract."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.goods.cli import app
from services.goods.loadfile import LoadUnreadable, read_load
from services.goods.model import LoadLine, Mode, Regime, TankState

KEYS = [
    "un_number", "proper_shipping_name", "class", "classification_code", "subsidiary", "packing_group", "tunnel_code",
    "transport_category", "hazard_identification_number", "tank_code", "limited_quantity", "excepted_quantity",
    "special_control",
]  # fmt: skip
ADR_COLUMNS = (
    "S_UNNR,S_NAME,S_SPEZIFIKATION,S_KLASSE,S_KLASSIFIZIERUNGSCODE,S_VP_GRUPPE,S_KENN1,S_KENN2,S_KENN3,S_KENN4,"
    "S_BEGRENZTE_MENGEN,S_FREIGEST_MENGEN,S_TANK_CODE1,S_TANK_CODE2,S_BEFOERDERUNGSKATEGORIE,S_TUNNEL_CODE,S_GEFAHRNR,"
    "N_VERBOT"
)


def run(*arguments: str, home: Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"HAZWAY_HOME": str(home)})
    return result.exit_code, result.stdout, result.stderr


def adr_file(folder: Path, tunnel_code: str) -> Path:
    out = io.StringIO()
    row = [
        "1203",
        "BENZIN",
        "",
        "3.0",
        "F1",
        "II",
        "3",
        "",
        "",
        "",
        "1 L",
        "E2",
        "LGBF",
        "",
        "2",
        tunnel_code,
        "33",
        "1",
    ]
    csv.writer(out).writerow(row)
    path = folder / "adr.csv"
    path.write_text(f"{ADR_COLUMNS}\n{out.getvalue()}", "utf-8")
    return path


def test_show_prints_an_array_of_rows_with_exactly_these_keys(tmp_path: Path) -> None:
    code, out, _ = run("show", "1203", "--json", home=tmp_path)
    (row,) = json.loads(out)
    assert code == 0
    assert list(row) == KEYS
    assert list(row["proper_shipping_name"]) == ["zh", "en"]
    assert (row["un_number"], row["class"], row["tunnel_code"], row["subsidiary"]) == ("1203", "3", "D/E", "")
    assert row["special_control"].startswith("16 ")


def test_show_tells_none_from_nothing(tmp_path: Path) -> None:
    (row,) = json.loads(run("show", "3077", "--json", home=tmp_path)[1])
    assert (row["tunnel_code"], row["special_control"]) == ("-", "")


def test_show_of_an_unknown_number_is_an_empty_array(tmp_path: Path) -> None:
    assert run("show", "9999", "--json", home=tmp_path)[:2] == (0, "[]\n")
    code, _, err = run("show", "9999", home=tmp_path)
    assert code == 1
    assert "9999" in err


def test_show_reads_well_for_people(tmp_path: Path) -> None:
    code, out, _ = run("show", "UN0336", home=tmp_path)
    assert code == 0
    assert "烟花" in out
    assert "1.4G" in out


def test_import_replaces_the_core_list_and_keeps_a_report(tmp_path: Path) -> None:
    code, out, _ = run("import", "--adr", str(adr_file(tmp_path, "C")), home=tmp_path)
    assert code == 0
    assert "1 UN" in out
    assert json.loads(run("show", "1203", "--json", home=tmp_path)[1])[0]["tunnel_code"] == "C"
    assert json.loads(run("show", "1202", "--json", home=tmp_path)[1]) == []
    assert json.loads((tmp_path / "goods" / "catalogue.report.json").read_text("utf-8"))["rows"] == 1


def test_import_writes_where_it_is_told(tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "list.json"
    assert run("import", "--adr", str(adr_file(tmp_path, "C")), "--out", str(out), home=tmp_path)[0] == 0
    assert out.exists()
    assert not (tmp_path / "goods").exists()


def test_import_of_a_bad_list_names_row_and_reason_and_changes_nothing(tmp_path: Path) -> None:
    run("import", "--adr", str(adr_file(tmp_path, "C")), home=tmp_path)
    code, _, err = run("import", "--adr", str(adr_file(tmp_path, "C50000D")), home=tmp_path)
    assert code == 2
    assert "row 2" in err
    assert "C50000D" in err
    assert json.loads(run("show", "1203", "--json", home=tmp_path)[1])[0]["tunnel_code"] == "C"


def test_import_refuses_a_day_of_effect_that_is_none(tmp_path: Path) -> None:
    code, _, err = run("import", "--adr", str(adr_file(tmp_path, "C")), "--effective-from", "soon", home=tmp_path)
    assert (code, "--effective-from" in err) == (2, True)
    assert not (tmp_path / "goods").exists()


def test_import_of_a_missing_file_is_told(tmp_path: Path) -> None:
    code, _, err = run("import", "--adr", str(tmp_path / "none.csv"), home=tmp_path)
    assert code == 2
    assert "none.csv" in err


def test_a_broken_catalogue_is_told_and_the_core_list_does_not_stand_in_for_it(tmp_path: Path) -> None:
    (tmp_path / "goods").mkdir()
    (tmp_path / "goods" / "catalogue.json").write_text("{", "utf-8")
    code, out, err = run("show", "1203", "--json", home=tmp_path)
    assert (code, out) == (2, "")
    assert "not JSON" in err


def load_file(folder: Path, **line: object) -> str:
    path = folder / "load.json"
    path.write_text(
        json.dumps({"vehicle_type": "FL", "lines": [{"un_number": "1203", "mode": "tank", **line}]}), "utf-8"
    )
    return str(path)


def test_tunnel_tells_what_is_allowed_and_why(tmp_path: Path) -> None:
    code, out, _ = run("tunnel", "--load", load_file(tmp_path), "--json", home=tmp_path)
    told = json.loads(out)
    assert code == 0
    assert (told["allowed"], told["forbidden"], told["unknown"]) == (["A", "B", "C"], ["D", "E"], [])
    assert told["reasons"][0]["tunnel_code"] == "D/E"
    code, out, _ = run("tunnel", "--load", load_file(tmp_path), home=tmp_path)
    assert "禁止 forbidden  D E" in out


def test_tunnel_tells_what_must_be_decided_by_hand(tmp_path: Path) -> None:
    out = run("tunnel", "--load", load_file(tmp_path, un_number="9999"), home=tmp_path)[1]
    assert "decide by hand  B C D E" in out
    assert run("tunnel", "--load", load_file(tmp_path), "--on", "2018-11-30", "--json", home=tmp_path)[0] == 0


@pytest.mark.parametrize("on", ["yesterday", "2026-13-01"])
def test_tunnel_refuses_a_day_that_is_none(tmp_path: Path, on: str) -> None:
    code, _, err = run("tunnel", "--load", load_file(tmp_path), "--on", on, home=tmp_path)
    assert code == 2
    assert "--on" in err


def test_tunnel_refuses_a_load_it_cannot_read(tmp_path: Path) -> None:
    code, _, err = run("tunnel", "--load", load_file(tmp_path, mass_g=1.5), home=tmp_path)
    assert code == 2
    assert "lines[0].mass_g" in err
    assert run("tunnel", "--load", str(tmp_path / "none.json"), home=tmp_path)[0] == 2


def test_the_help_documents_every_key_of_a_load(tmp_path: Path) -> None:
    out = run("tunnel", "--help", home=tmp_path)[1]
    for key in ("vehicle_type", *LoadLine.__dataclass_fields__):
        assert key in out


def test_a_load_is_read_with_all_its_fields() -> None:
    line = {
        "un_number": "UN1203", "packing_group": "II", "mode": "tank", "mass_g": 1, "net_explosive_mass_g": 2, "packages": 3,
        "quantity_regime": "LQ", "tank_state": "PART", "name": "汽油", "cas": "86290-81-5", "tank_code": "LGBF",
    }  # fmt: skip
    expected = LoadLine(
        un_number="1203", packing_group="II", mode=Mode.TANK, mass_g=1, net_explosive_mass_g=2, packages=3,
        quantity_regime=Regime.LQ, tank_state=TankState.PART, name="汽油", cas="86290-81-5", tank_code="LGBF",
    )  # fmt: skip
    assert read_load(json.dumps({"lines": [line]})).lines == (expected,)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "object"),
        ("{}", "lines"),
        ('{"lines": []}', "lines"),
        ('{"lines": [3]}', r"lines\[0\]"),
        ('{"lines": [{}]}', r"lines\[0\].un_number is missing"),
        ('{"lines": [{"un_number": 1203}]}', r"lines\[0\].un_number"),
        ('{"lines": [{"un_number": "12O3"}]}', r"lines\[0\].un_number"),
        ('{"lines": [{"un_number": "1203", "mass_kg": 1}]}', "mass_kg"),
        ('{"lines": [{"un_number": "1203", "mass_g": -1}]}', "mass_g"),
        ('{"lines": [{"un_number": "1203", "mass_g": true}]}', "mass_g"),
        ('{"lines": [{"un_number": "1203", "mode": "rail"}]}', "mode"),
        ('{"lines": [{"un_number": "1203", "mode": []}]}', "mode"),
        ('{"lines": [{"un_number": "1203", "packing_group": []}]}', "packing_group"),
        ('{"lines": [{"un_number": "1203"}], "weather": "fine"}', "weather"),
        ('{"lines": [{"un_number": "1203"}], "vehicle_type": 3}', "vehicle_type"),
    ],
)
def test_what_is_no_load_is_refused_by_name(text: str, where: str) -> None:
    with pytest.raises(LoadUnreadable, match=where):
        read_load(text)
