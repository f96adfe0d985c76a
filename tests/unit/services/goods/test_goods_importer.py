"""Official lists merged into one catalogue: what agrees, what is reported, and what is refused with row and reason."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import errors_among
from services.goods import check_load, plates, tunnel_categories
from services.goods.catalogue import Catalogue, CatalogueUnreadable, core, parse
from services.goods.importer import Disagreement, import_lists
from services.goods.lists import ListUnreadable
from services.goods.model import Carriage, GoodsRow, Load, LoadLine, Mode
from services.goods.readers import read_adr, read_us, read_zh
from services.goods.vehicles import vehicle_needed

DATA = Path(os.environ.get("HAZWAY_TEST_DATA", Path(__file__).parents[4].parent / "shared" / "data")) / "dg"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"official lists are not at {DATA} (set HAZWAY_TEST_DATA)")

ADR = {
    "S_UNNR": "1203", "S_NAME": "BENZIN", "S_SPEZIFIKATION": "", "S_KLASSE": "3.0", "S_KLASSIFIZIERUNGSCODE": "F1",
    "S_VP_GRUPPE": "II", "S_KENN1": "3", "S_KENN2": "", "S_KENN3": "", "S_KENN4": "", "S_BEGRENZTE_MENGEN": "1 L",
    "S_FREIGEST_MENGEN": "E2", "S_TANK_CODE1": "LGBF", "S_TANK_CODE2": "", "S_BEFOERDERUNGSKATEGORIE": "2",
    "S_TUNNEL_CODE": "D/E", "S_GEFAHRNR": "33", "N_VERBOT": "1",
}  # fmt: skip
ZH = {
    "un_number": "1203", "name_zh": "汽油", "name_en": "PETROL", "class_or_division": "3", "subsidiary_hazard": "",
    "packing_group": "II", "limited_quantities": "1 L", "excepted_quantities": "E2",
}  # fmt: skip
US = {
    "idNumber": "UN1203", "properShippingName": "Gasoline", "hazardClass": "3", "packingGroup": "II", "symbols": [],
    "subsidiaryRisks": [], "forbidden": False,
}  # fmt: skip


def a_csv(*rows: Mapping[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def us_list(*rows: object) -> bytes:
    return json.dumps({"source": "made up", "rows": list(rows)}).encode()


def reported(adr: bytes, zh: bytes | None = None, us: bytes | None = None) -> tuple[Disagreement, ...]:
    return import_lists(adr, zh, us)[1].disagreements


def test_three_lists_that_agree_give_one_row_and_no_report() -> None:
    catalogue, report = import_lists(a_csv(ADR), a_csv(ZH), us_list(US), edition="e")
    assert report.disagreements == ()
    (row,) = catalogue.rows_of("1203")
    assert (row.name_zh, row.name_en, row.tunnel_code, row.tank_code) == ("汽油", "PETROL", "D/E", "LGBF")
    assert [source.name for source in catalogue.sources] == ["adr", "zh", "us"]
    assert all(len(source.sha256) == 64 for source in catalogue.sources)


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("class", {"class_or_division": "8"}),
        ("subsidiary", {"subsidiary_hazard": "6.1"}),
        ("packing_group", {"packing_group": "III"}),
        ("limited_quantity", {"limited_quantities": "5 L"}),
        ("excepted_quantity", {"excepted_quantities": "E1"}),
    ],
)
def test_a_chinese_list_that_differs_is_reported_and_the_row_disputed(column: str, change: Mapping[str, str]) -> None:
    catalogue, report = import_lists(a_csv(ADR), a_csv({**ZH, **change}))
    assert [found.column for found in report.disagreements] == [column]
    assert catalogue.rows_of("1203")[0].disputed == (column,)


def test_quantities_written_in_three_ways_are_one_value() -> None:
    either = a_csv({**ADR, "S_BEGRENZTE_MENGEN": "1 L oder kg"}), a_csv({**ZH, "limited_quantities": "1 L 或 1 kg"})
    assert reported(*either) == ()
    referred = a_csv({**ADR, "S_BEGRENZTE_MENGEN": "siehe SV 251"}), a_csv({**ZH, "limited_quantities": "5 L"})
    assert reported(*referred) == ()


def test_a_number_only_one_list_knows_is_reported() -> None:
    other = {**ADR, "S_UNNR": "9"}
    found = reported(a_csv(ADR, other), a_csv(ZH))
    assert [(one.un_number, one.column, one.values["zh"]) for one in found] == [("0009", "un_number", "(absent)")]


def test_a_number_only_the_chinese_list_knows_has_no_tunnel_code() -> None:
    catalogue, _ = import_lists(a_csv(ADR), a_csv(ZH, {**ZH, "un_number": "1204"}))
    assert catalogue.rows_of("1204")[0].tunnel_code == ""


def test_names_alone_make_no_second_row_and_other_facts_do() -> None:
    alike = import_lists(a_csv(ADR, {**ADR, "S_NAME": "OTTOKRAFTSTOFF"}))[0]
    assert len(alike.rows_of("1203")) == 1
    apart = import_lists(a_csv(ADR, {**ADR, "S_TANK_CODE1": "L1,5BN", "S_SPEZIFIKATION": "leicht"}))[0]
    assert [(row.tank_code, row.variant) for row in apart.rows_of("1203")] == [("LGBF", ""), ("L1.5BN", "leicht")]


def test_of_several_names_the_one_with_the_same_hazards_is_taken() -> None:
    zh = a_csv({**ZH, "name_zh": "甲", "subsidiary_hazard": "5.1"}, {**ZH, "name_zh": "乙"})
    assert import_lists(a_csv(ADR), zh)[0].rows_of("1203")[0].name_zh == "乙"


def test_several_names_that_fit_are_all_kept_and_reported() -> None:
    catalogue, report = import_lists(a_csv(ADR), a_csv({**ZH, "name_zh": "甲"}, {**ZH, "name_zh": "乙"}))
    assert catalogue.rows_of("1203")[0].name_zh == "甲 / 乙"
    assert [found.column for found in report.disagreements] == ["name"]


def test_american_entries_without_a_un_number_or_for_home_use_only_are_left_out_and_counted() -> None:
    others = [{**US, "idNumber": "NA1993"}, {**US, "symbols": ["D"], "hazardClass": "9"}, {**US, "forbidden": True}]
    _, report = import_lists(a_csv(ADR), None, us_list(US, *others))
    assert report.disagreements == ()
    assert "3 entries" in report.notes[0][1].reason


def test_prohibited_and_unregulated_entries_are_told_apart() -> None:
    catalogue, _ = import_lists(a_csv({**ADR, "N_VERBOT": "0"}, {**ADR, "S_UNNR": "1204", "N_VERBOT": "2"}))
    assert catalogue.rows_of("1203")[0].carriage is Carriage.PROHIBITED
    assert catalogue.rows_of("1204")[0].carriage is Carriage.NOT_SUBJECT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"S_UNNR": "12034"}, "UN number"),
        ({"S_UNNR": ""}, "UN number"),
        ({"S_UNNR": "１２０３"}, "UN number"),
        ({"S_VP_GRUPPE": "IV"}, "packing group"),
        ({"S_KLASSE": "3.5"}, "class"),
        ({"S_TUNNEL_CODE": "C50000D"}, "tunnel code"),
        ({"S_TANK_CODE1": "LGBX"}, "tank code"),
        ({"S_GEFAHRNR": "3"}, "hazard identification number"),
        ({"S_BEFOERDERUNGSKATEGORIE": "5"}, "transport category"),
        ({"N_VERBOT": ""}, "N_VERBOT"),
    ],
)
def test_a_bad_adr_row_is_answered_with_its_row_and_reason(change: Mapping[str, str], reason: str) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_adr(a_csv(ADR, {**ADR, **change}, ADR))
    (fault,) = refused.value.faults
    assert fault.row == 3
    assert reason in fault.reason


@pytest.mark.parametrize("change", [{"un_number": "x"}, {"packing_group": "2"}, {"class_or_division": "易燃"}])
def test_a_bad_chinese_row_is_answered_with_its_row(change: Mapping[str, str]) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_zh(a_csv({**ZH, **change}))
    assert [fault.row for fault in refused.value.faults] == [2]


@pytest.mark.parametrize(
    "change",
    [{"idNumber": 1203}, {"idNumber": "UN12O3"}, {"packingGroup": "IIII"}, {"hazardClass": 3}, {"symbols": "D"}],
)
def test_a_bad_american_row_is_answered_with_its_row(change: Mapping[str, object]) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_us(us_list(US, {**US, **change}))
    assert [fault.row for fault in refused.value.faults] == [2]


def test_every_bad_row_is_told_at_once_up_to_fifty() -> None:
    bad = {**ADR, "S_VP_GRUPPE": "IV"}
    with pytest.raises(ListUnreadable) as refused:
        read_adr(a_csv(*[bad] * 3))
    assert [fault.row for fault in refused.value.faults] == [2, 3, 4]
    with pytest.raises(ListUnreadable) as refused:
        read_adr(a_csv(*[bad] * 80))
    assert len(refused.value.faults) == 50


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "columns missing"),
        (b"a,b\n1,2\n", "columns missing"),
        (a_csv(ADR)[: a_csv(ADR).index(b"\n") + 1], "empty"),
        (a_csv(ADR) + b"1203,x\r\n", "fewer fields"),
        (a_csv(ADR) + b"," * 30 + b"\r\n", "more fields"),
        (a_csv(ADR) + b'"open\r\n', "not CSV"),
        (a_csv(ADR) + b"\xff\xfe\r\n", "not UTF-8"),
    ],
)
def test_a_file_of_another_shape_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_adr(data)
    assert reason in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"rows": 3}', b'{"rows": [3]}', b"[" * 100_000])
def test_a_json_file_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(ListUnreadable):
        read_us(data)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(a_csv(ADR, ADR)) - 1), st.integers(0, 255))
def test_any_byte_changed_is_read_or_refused_and_nothing_else(at: int, byte: int) -> None:
    data = bytearray(a_csv(ADR, ADR))
    data[at] = byte
    try:
        catalogue, _ = import_lists(bytes(data))
    except ListUnreadable as error:
        assert error.faults  # noqa: PT017 - either outcome is right; a fault must be named
    else:
        assert parse(catalogue.dump()).rows() == catalogue.rows()


# --- our own format


def test_a_catalogue_written_is_read_back_equal() -> None:
    again = parse(core().dump())
    assert again.rows() == core().rows()
    assert (again.edition, again.sources) == (core().edition, core().sources)
    assert again.dump() == core().dump()


def test_a_catalogue_is_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(core().dump(), "utf-8")
    assert Catalogue.load(path).rows() == core().rows()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"format": "other"}, "not of the format"),
        ({"rows": [3]}, "row 1: not an object"),
        ({"rows": [{"un_number": "1203"}, {"un_number": "12"}]}, "row 2: un_number"),
        ({"rows": [{"un_number": "1203", "colour": "red"}]}, "row 1: unknown column colour"),
        ({"rows": [{"un_number": "1203", "carriage": "MAYBE"}]}, "row 1: carriage"),
        ({"rows": [{"un_number": "1203", "tunnel_code": 3}]}, "row 1: tunnel_code must be text"),
        ({"rows": 3}, "head"),
        ({"sources": [{"colour": "red"}]}, "head"),
    ],
)
def test_a_damaged_catalogue_is_refused_with_the_place(change: Mapping[str, object], where: str) -> None:
    document = {"format": "hazway-goods/1", "edition": "e", "rows": [{"un_number": "1203"}], **change}
    with pytest.raises(CatalogueUnreadable, match=where):
        parse(json.dumps(document))


def test_a_catalogue_that_is_no_json_is_refused() -> None:
    with pytest.raises(CatalogueUnreadable, match="not JSON"):
        parse("{")


def test_the_core_list_is_sound() -> None:
    rows = core().rows()
    assert len(rows) == len(set(rows))
    assert all(row.name_zh and row.name_en and row.tunnel_code for row in rows)
    fireworks = {
        row.un_number: row.tunnel_code for row in rows if row.un_number in ("0333", "0334", "0335", "0336", "0337")
    }
    assert fireworks == {"0333": "B1000C", "0334": "B1000C", "0335": "C5000D", "0336": "E", "0337": "E"}


# --- the real lists


@pytest.fixture(scope="module")
def imported() -> Catalogue:
    names = ("bam_adr2025_subset.csv", "gb12268_2025_clean.csv", "hmt_49cfr_172101_2026-06-01.json")
    return import_lists(*((DATA / name).read_bytes() for name in names))[0]


def _facts(row: GoodsRow) -> tuple[str, ...]:
    return (
        row.goods_class, row.classification_code, row.packing_group, row.tunnel_code.removeprefix("-"),
        row.hazard_identification_number, row.transport_category.removeprefix("-"),
    )  # fmt: skip


@needs_data
def test_every_row_of_the_checks_agrees_with_the_imported_catalogue(imported: Catalogue) -> None:
    with (DATA / "dg_checks.csv").open(encoding="utf-8-sig", newline="") as file:
        checks = list(csv.DictReader(file))
    columns = ("class", "classification_code", "packing_group", "tunnel_code", "kemler", "transport_category")
    wrong = [
        check
        for check in checks
        if tuple(check[column] for column in columns) not in map(_facts, imported.rows_of(check["un_number"]))
    ]
    assert len(checks) > 1000
    assert wrong == []


@needs_data
def test_every_row_of_the_core_list_stands_in_the_imported_catalogue(imported: Catalogue) -> None:
    def facts(row: GoodsRow) -> tuple[str, ...]:
        return (*_facts(row), row.division, row.subsidiary, row.tank_code, row.limited_quantity, row.excepted_quantity)

    wrong = [row for row in core().rows() if facts(row) not in map(facts, imported.rows_of(row.un_number))]
    assert wrong == []


@needs_data
def test_the_imported_catalogue_has_a_chinese_name_for_nearly_every_number(imported: Catalogue) -> None:
    unnamed = [un for un in imported.un_numbers() if not imported.rows_of(un)[0].name_zh]
    assert unnamed == ["3291", *(str(number) for number in range(3554, 3561))]


@needs_data
def test_every_imported_row_is_judged_in_every_mode_and_a_prohibited_one_never_passes(imported: Catalogue) -> None:
    on = date(2026, 11, 1)
    for row in imported.rows():
        for mode in Mode:
            line = LoadLine(
                un_number=row.un_number, packing_group=row.packing_group, mode=mode, mass_g=2, net_explosive_mass_g=1,
                packages=1, tank_code="L4BN",
            )  # fmt: skip
            vehicle_type = "EX/III" if row.is_explosive else vehicle_needed(row).any_of[0]
            load = Load(lines=(line,), vehicle_type=vehicle_type)
            errors = errors_among(check_load(load, imported, on))
            judgement = tunnel_categories(load, imported, on)
            assert bool(errors) is (row.carriage is Carriage.PROHIBITED)
            assert bool(judgement.unknown) is any(one.tunnel_code == "" for one in imported.choose(line).rows)
            assert plates(load, imported, on).orange
