"""The provincial JSON, written and read: nothing lost between the two, nothing believed that is not said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.model import PlateColour
from services.waybill.provincial.model import ZONE, Bill, Goods, Member, Plate, Site, Unit
from services.waybill.provincial.read import read
from services.waybill.provincial.write import write

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
NAMES = WORDS.filter(bool)
TIMES = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=ZONE)
)
AMOUNTS = st.integers(0, 10**11)
PLATES = st.builds(
    Plate, text=st.from_regex(r"粤[A-Z][0-9]{4,5}挂?", fullmatch=True), colour=st.sampled_from(PlateColour)
)
MEMBERS = st.builds(Member, name=NAMES, certificate=WORDS, phone=WORDS)
GOODS = st.builds(
    Goods, name=NAMES, un_number=st.from_regex(r"[0-9]{4}", fullmatch=True),
    hazard_class=st.sampled_from(["3", "1.4G", "2.1", "6.1", "9"]), packing_group=st.sampled_from(["", "I", "II", "III"]),
    mass_g=AMOUNTS, volume_ml=AMOUNTS, loaded_g=st.none() | AMOUNTS, checked_g=st.none() | AMOUNTS,
)  # fmt: skip
SITES = st.builds(
    Site, name=WORDS, road=WORDS, division=st.just("") | st.from_regex(r"[1-9][0-9]{5}", fullmatch=True),
    loaded_at=TIMES, checked_at=TIMES, goods=st.lists(GOODS, max_size=3).map(tuple),
)  # fmt: skip
UNITS = st.builds(Unit, name=NAMES, contact=WORDS, phone=WORDS, sites=st.lists(SITES, max_size=2).map(tuple))
BILLS = st.builds(
    Bill, number=NAMES, status=st.integers(1, 6), vehicle=st.none() | PLATES, trailer=st.none() | PLATES,
    driver=st.none() | MEMBERS, escort=st.none() | MEMBERS, carrier_name=WORDS, carrier_licence=WORDS, loading_at=TIMES,
    planned_unloading_at=TIMES, unloaded_at=TIMES, began_at=TIMES, ended_at=TIMES, remark=WORDS,
    senders=st.lists(UNITS, max_size=2).map(tuple), receivers=st.lists(UNITS, max_size=2).map(tuple),
)  # fmt: skip
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-11-02 08:00:00"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(write(Bill(number="1")))), inner)
    ),
    max_leaves=20,
)


@given(BILLS)
@settings(max_examples=100)
def test_what_is_written_is_read_back_to_the_gram_and_the_second(bill: Bill) -> None:
    told = json.loads(json.dumps(write(bill), ensure_ascii=False))
    assert read(told) == read({"status": 1, "data": told})
    assert read(told).findings == ()
    assert read(told).bill == bill


@given(AMOUNTS)
def test_tonnes_are_written_with_the_digits_the_grams_have(grams: int) -> None:
    goods = Goods(name="柴油", un_number="1202", hazard_class="3", mass_g=grams)
    bill = Bill(number="1", senders=(Unit(name="站", sites=(Site(name="站", goods=(goods,)),)),))
    text = json.dumps(write(bill)["weight"])
    assert Decimal(text) * 1_000_000 == grams


@given(JSONS)
@settings(max_examples=200)
def test_whatever_a_province_sends_reading_it_raises_nothing(value: Any) -> None:
    reading = read(value)
    assert reading.findings or reading.bill.number


@pytest.mark.parametrize(
    ("spoilt", "path"),
    [
        ({"billNo": ""}, "billNo"),
        ({"billStatus": 7}, "billStatus"),
        ({"billStatus": True}, "billStatus"),
        ({"loadGoodsDate": "2026-02-30 00:00:00"}, "loadGoodsDate"),
        ({"numberPlate": "粤B12345", "numberPlateColor": "橙"}, "numberPlateColor"),
        ({"driverName": ["张"]}, "driverName"),
        ({"dyBillShipReceiveUnitDtoList1": {}}, "dyBillShipReceiveUnitDtoList1"),
        ({"dyBillShipReceiveUnitDtoList2": [7]}, "dyBillShipReceiveUnitDtoList2[0]"),
        ({"remark": "a\x00b"}, "remark"),
    ],
)
def test_each_fault_is_told_with_its_place(spoilt: dict[str, Any], path: str) -> None:
    findings = read(write(Bill(number="1")) | spoilt).findings
    assert path in {each.path for each in findings}


@pytest.mark.parametrize(
    "weight", [-1, 7.5000001, "x", float("nan"), float("inf"), True, [], 10**9, "1e999999", "1" * 5000]
)
def test_a_weight_that_is_no_whole_number_of_grams_is_refused(weight: Any) -> None:
    goods = {"chemicalName": "柴油", "weight": weight}
    unit = {"unitName": "站", "dyBillAddressDtoList": [{"dyBillChemicalDtoList": [goods]}]}
    reading = read({"billNo": "1", "dyBillShipReceiveUnitDtoList1": [unit]})
    path = "dyBillShipReceiveUnitDtoList1[0].dyBillAddressDtoList[0].dyBillChemicalDtoList[0].weight"
    assert [each.path for each in reading.findings] == [path]


def test_the_colour_stands_behind_the_plate_and_beside_it() -> None:
    bill = Bill(number="1", vehicle=Plate(text="粤B12345", colour=PlateColour.YELLOW_GREEN))
    assert write(bill)["numberPlate"] == "粤B12345-黄绿"
    assert write(bill)["numberPlateColor"] == "黄绿"
    bare = write(bill) | {"numberPlate": "粤B12345", "numberPlateColor": "黄绿色"}
    assert read(bare).bill == bill


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object by its path without indices."""
    if isinstance(value, dict):
        yield path, value
        for name, each in value.items():
            yield from objects(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from objects(each, path)


def test_a_real_answer_is_read_and_written_under_the_same_names(shared_data: Path) -> None:
    sample = json.loads((shared_data / "ewaybill/cn/gd_waybill_redacted.json").read_text(encoding="utf-8"))["data"]
    reading = read(sample)
    assert reading.findings == ()
    bill = reading.bill
    assert (bill.status, bill.senders[0].sites[0].goods[0].mass_g) == (4, 7_500_000)
    assert bill.senders[0].sites[0].goods[0].packing_group == "III"
    assert bill.receivers[0].sites[0].goods[0].loaded_g is None
    written = write(bill)
    known = {path: set(each) for path, each in objects(sample)}
    for path, each in objects(written):
        assert set(each) <= known[path], path
    own = ("chemicalName", "chemicalTypeName", "provinceId", "cityId", "regionId")
    for (_, ours), (_, theirs) in zip(objects(written), objects(sample), strict=True):
        for name, value in ours.items():
            if name not in own and not isinstance(value, list):
                assert value == theirs[name], name
    assert read(written).bill == bill
