"""The official form: every field of it, filled from the waybill and the registry; and its one page."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.model import Person, PlateColour, Qualification, QualificationKind
from services.waybill import aboard, pdf
from services.waybill.facts import Facts
from services.waybill.form import Form, form_of
from services.waybill.home_province import UNKNOWN, province_of
from services.waybill.model import Assignment, Party, Place, Role, State, Succession, TakenLine, Waybill, WaybillKind
from services.waybill.roadside_content import qr
from services.waybill.trip import Trip
from tests.unit.services.waybill.petrol_trip import (
    CATALOGUE,
    DRIVER,
    ESCORT,
    FACTS,
    NOW,
    PETROL,
    TRACTOR,
    WAYBILL,
    carrying,
    knowing,
    stop,
    without,
)
from tests.vectors.generate_roadside import code

HOUR = timedelta(hours=1)
MATRIX = qr(code()).matrix


def form(waybill: Waybill = WAYBILL, facts: Facts = FACTS) -> Form:
    return form_of(Trip(waybill, facts, CATALOGUE, NOW), closed_tunnels="DE")


def pages(made: bytes) -> int:
    return made.count(b"/Type /Page\n")


def blocks(made: Form) -> dict[str, dict[str, str]]:
    named = (*made.left, *made.right, *made.vehicles, *made.crew)
    return {title: dict(fields) for title, fields in named} | {
        "承运人": dict(made.carrier),
        "调度": dict(made.dispatch),
    }


def test_every_block_of_the_official_form_is_filled() -> None:
    qualified = replace(DRIVER, name="张建国", phone="13800000001")
    stated = replace(
        WAYBILL, consignor=Party(name="石化公司", phone="0755-1"), carrier=replace(WAYBILL.carrier, phone="0755-2"),  # type: ignore[type-var]
        dispatcher="王调度", dispatched_at=NOW, urban_distribution=True,
        origin=Place(name="油库", address="盐田港12号"),
    )  # fmt: skip
    made = form(stated, knowing(FACTS, qualified, replace(TRACTOR, plate_colour=PlateColour.YELLOW_GREEN)))
    said = blocks(made)
    assert said["托运人"] == {"名称": "石化公司", "联系电话": "0755-1"}
    assert said["收货人"]["名称"] == "consignee"
    assert said["装货人"]["名称"] == "loader"
    assert said["运输"] == {"起运日期": "2026-06-01 08:00", "起运地": "油库（盐田港12号）"}
    assert said["承运人"] == {"名称": "carrier", "联系电话": "0755-2", "经营许可证号": "440307000001"}
    assert said["车辆"] == {"车牌号码": "粤B12345（黄绿）", "道路运输证号": "440307000002"}
    assert said["挂车"]["车牌号码"] == "粤B1234挂（黄）"
    assert said["罐体"] == {"罐体编号": "G1", "罐体容积": "40,000 L"}
    assert said["驾驶员"] == {"姓名": "张建国", "从业资格证": "Q1", "联系电话": "13800000001"}
    assert said["押运员"]["姓名"] == "escort"
    assert said["调度"] == {"调度人": "王调度", "调度日期": "2026-06-01 08:00"}
    assert made.goods == (("1", "UN1203", "车用汽油", "3", "II", "罐装", "kg", "28,000"),)
    assert made.urban_distribution
    assert (made.number, made.destination) == (WAYBILL.number, "加油站")


@pytest.mark.parametrize(
    ("mass_g", "shown"), [(28_000_000, "28,000"), (500, "0.5"), (1_234_567, "1,234.567"), (0, "0")]
)
def test_masses_are_shown_to_the_gram(mass_g: int, shown: str) -> None:
    assert form(carrying(replace(PETROL, mass_g=mass_g))).goods[0][-1] == shown


def test_what_was_loaded_stands_before_what_was_planned() -> None:
    assert form(carrying(replace(PETROL, actual_mass_g=27_500_000))).goods[0][-1] == "27,500"


def test_the_licence_the_waybill_states_stands_before_the_registrys() -> None:
    stated = replace(WAYBILL, carrier=Party(name="c", organisation_id="carrier", licence_number="X1"))
    assert blocks(form(stated))["承运人"]["经营许可证号"] == "X1"


def test_without_a_trailer_its_block_is_empty() -> None:
    assert blocks(form(without(Role.TRAILER)))["挂车"] == {"车牌号码": "", "道路运输证号": ""}


def test_a_driver_who_was_exchanged_is_not_aboard_any_more_and_the_next_not_yet() -> None:
    relief = Person(
        id="relief", name="relief",
        qualifications=(Qualification(kind=QualificationKind.DRIVER, number="Q9", valid_from=None, valid_to=None),),
    )  # fmt: skip
    shift = (
        Assignment(role=Role.DRIVER, resource_id="driver", to_at=NOW),
        Assignment(role=Role.DRIVER, resource_id="relief", from_at=NOW, to_at=NOW + HOUR),
        Assignment(role=Role.DRIVER, resource_id="escort", from_at=NOW + HOUR),
    )
    waybill = replace(without(Role.DRIVER), assignments=shift)
    for at, name in ((NOW - HOUR, "driver"), (NOW, "relief"), (NOW + HOUR, "escort")):
        trip = Trip(waybill, knowing(FACTS, DRIVER, ESCORT, relief), CATALOGUE, at)
        assert [person.name for person in aboard.people(trip, Role.DRIVER)] == [name]


def test_several_stops_stand_in_the_remarks() -> None:
    remarks = form(replace(WAYBILL, stops=(stop(1, 14_000_000), stop(2, 500)))).remarks
    assert remarks[:2] == (("卸货点 1", "站｜站｜第 1 项 14,000 kg"), ("卸货点 2", "站｜站｜第 1 项 0.5 kg"))


def test_an_ordinary_trip_is_one_page_with_its_code() -> None:
    made = pdf.draw(form(), MATRIX, ["有效期至", "请核对车牌"])
    assert made.startswith(b"%PDF-")
    assert pages(made) == 1
    assert b"STSong-Light" in made


def test_the_same_form_is_the_same_bytes() -> None:
    assert pdf.draw(form(), MATRIX, ["a"]) == pdf.draw(form(), MATRIX, ["a"])


def test_25_lines_of_goods_are_still_one_page_and_three_hundred_are_not_lost() -> None:
    lines = tuple(replace(PETROL, number=number, name="组合烟花") for number in range(1, 301))
    assert pages(pdf.draw(form(carrying(*lines[:25])), MATRIX, ["a", "b", "c"])) == 1
    assert pages(pdf.draw(form(carrying(*lines)), MATRIX, ["a", "b", "c"])) > 1


def test_a_void_waybill_is_drawn_without_a_code() -> None:
    made = form(replace(WAYBILL, state=State.VOIDED, void_reason="取消"))
    assert made.is_void
    assert ("作废原因", "取消") in made.remarks
    assert pages(pdf.draw(made, None, ["终止"])) == 1


def test_a_waybill_that_was_taken_over_says_by_which_and_how_much() -> None:
    by = Succession(
        waybill_id="w2", number="C44030700000120261102001", kind=WaybillKind.RESCUE, at=NOW,
        taken=(TakenLine(goods_number=1, mass_g=10_000_001),),
    )  # fmt: skip
    made = form(replace(WAYBILL, state=State.IN_TRANSIT, successors=(by,)))
    assert ("转单", "应急转运 C44030700000120261102001：第 1 项 10,000.001 kg") in made.remarks


def test_the_longest_waybill_is_printed_whole_and_each_sheet_tells_of_the_others() -> None:
    long = "长" * 2000
    party, place = Party(name=long, phone="9" * 2000), Place(name=long, address=long)
    goods = tuple(replace(PETROL, number=number, name=long, packaging_spec=long) for number in range(1, 41))
    stops = tuple(replace(stop(number, 1), place=place, consignee=party) for number in range(1, 51))
    largest = replace(
        carrying(*goods), consignor=party, loader=party, consignee=party, origin=place, destination=place, stops=stops,
        remarks="雨天慢行。\n" * 300, precautions=long, emergency_measures=long, dispatcher=long,
    )  # fmt: skip
    one, more = pdf.draw(form(), MATRIX, ["a"]), pdf.draw(form(largest), MATRIX, ["a"])
    assert pages(more) > 10
    # Eight points is what the line below each of several sheets is set in, and nothing else of these.
    assert [sheets(each).count(b"Tm /F2 8 Tf") for each in (one, more)] == [0, pages(more)]


def sheets(made: bytes) -> bytes:
    """What the pages' content streams draw, one after the other."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", made, re.DOTALL)
    return b"".join(zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>"))) for stream in streams)


@given(st.text(max_size=60), st.text(max_size=300))
@settings(max_examples=15)
def test_any_text_can_be_printed_and_none_is_markup(name: str, remarks: str) -> None:
    named = replace(WAYBILL, consignor=Party(name=f"<b>&{name}"), remarks=f"</para>{remarks}")
    assert pages(pdf.draw(form(named), None, [""])) >= 1


def test_a_plate_tells_whom_to_ask() -> None:
    assert province_of("桂A12345")[0] == "广西壮族自治区"
    assert province_of("") == UNKNOWN
    assert province_of("使014578") == UNKNOWN
