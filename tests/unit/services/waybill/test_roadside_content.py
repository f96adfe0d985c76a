"""What a roadside code says fits a QR code whatever the waybill holds, and says no more of people than it may."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hazway import roadside_code
from hazway.roadside_code import Content
from services.registry.model import Person, Qualification, QualificationKind
from services.waybill.facts import Facts
from services.waybill.model import Assignment, GoodsLine, Place, Role, Route, State, Waybill, WaybillKind
from services.waybill.roadside_content import Recorded, content_of, qr
from services.waybill.trip import Trip
from tests.simulated_log import fixed_es256_key, fixed_key
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    CATALOGUE,
    DRIVER,
    FACTS,
    NOW,
    PETROL,
    WAYBILL,
    carrying,
    knowing,
    stop,
    without,
)

HOUR = timedelta(hours=1)
ISSUED = replace(WAYBILL, state=State.ISSUED)
RECORDED = Recorded(
    issuer="operator", origin="hazway.example/log", revision_id="r1", status_index=5, registered=b"\x01" * 32, leaf=7
)


def content(waybill: Waybill = ISSUED, facts: Facts = FACTS, at: datetime = NOW) -> Content:
    return content_of(Trip(waybill, facts, CATALOGUE, at), RECORDED)


def goods(*lines: GoodsLine) -> list[tuple[str, str, int, str]]:
    return [(each.un_number, each.name, each.quantity, each.unit) for each in content(carrying(*lines)).goods]


def test_a_code_says_who_drives_what_where() -> None:
    said = content()
    assert (said.tractor, said.trailer, said.driver, said.escort) == ("粤B12345", "粤B1234挂", "driver Q1", "escort Q1")
    assert (said.origin, said.destination) == ("油库", "加油站")
    assert (said.closed_tunnels, said.net_explosive_mass_g) == ("DE", 0)
    assert (said.status_index, said.leaf, said.record) == (5, 7, b"\x01" * 32)


def test_of_the_certificate_only_the_last_four_characters_are_said() -> None:
    number = "440300199001014417"
    known = replace(DRIVER, qualifications=(replace(DRIVER.qualifications[0], number=number),))
    assert content(facts=knowing(FACTS, known)).driver == "driver 4417"


@pytest.mark.parametrize(
    ("mass_g", "said"), [(28_000_000, (28_000, "kg")), (28_000_001, (28_000_001, "g")), (999, (999, "g"))]
)
def test_a_mass_is_said_to_the_gram(mass_g: int, said: tuple[int, str]) -> None:
    assert goods(replace(PETROL, mass_g=mass_g)) == [("1203", "车用汽油", *said)]


def test_what_was_loaded_is_said_instead_of_what_was_planned() -> None:
    assert goods(replace(PETROL, actual_mass_g=27_000_000)) == [("1203", "车用汽油", 27_000, "kg")]


def test_an_empty_lorry_says_what_it_held() -> None:
    empty = replace(ISSUED, kind=WaybillKind.EMPTY_RETURN)
    (line,) = content(empty).goods
    assert (line.name, line.quantity) == ("空车（前装）车用汽油", 0)


def test_eight_lines_are_said_and_nine_of_a_kind_become_one() -> None:
    lines = [replace(PETROL, number=number) for number in range(1, 10)]
    assert len(goods(*lines[:8])) == 8
    assert goods(*lines) == [("1203", "车用汽油等9项", 252_000, "kg")]


def test_of_many_kinds_the_rest_is_summed_and_no_gram_lost() -> None:
    lines = [replace(PETROL, number=n, un_number=f"{1200 + n}", net_explosive_mass_g=n) for n in range(1, 31)]
    said = content(carrying(*lines, waybill=ISSUED)).goods
    assert len(said) == 8
    assert (said[-1].un_number, said[-1].name) == ("", "车用汽油等23项")
    assert sum(line.quantity for line in said) == 30 * 28_000
    assert sum(line.net_explosive_mass_g for line in said) == sum(range(1, 31))


def test_several_stops_are_counted() -> None:
    assert content(replace(ISSUED, stops=(stop(1, 1), stop(2, 1), stop(3, 1)))).destination == "站等3处"


def test_a_code_lives_until_half_a_day_after_the_planned_arrival() -> None:
    assert content().expires_at == int((ARRIVAL + 12 * HOUR).timestamp())


def test_no_code_lives_longer_than_72_hours() -> None:
    far = replace(ISSUED, planned_arrival=NOW + timedelta(days=20))
    assert content(far).expires_at - content(far).issued_at == roadside_code.MAX_LIFETIME_S


def test_a_late_lorry_gets_a_code_for_half_a_day_more() -> None:
    at = ARRIVAL + timedelta(days=3)
    assert content(at=at).expires_at == int((at + 12 * HOUR).timestamp())


def noise(length: int, seed: int) -> str:
    """Chinese characters that do not compress."""
    chance = random.Random(seed)
    return "".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(length))


def crowd(role: Role, kind: QualificationKind, count: int) -> tuple[Sequence[Assignment], dict[str, Person]]:
    people = {
        f"{role.value}{n}": Person(
            id=f"{role.value}{n}", name=noise(2000, n),
            qualifications=(Qualification(kind=kind, number=noise(9, n), valid_from=None, valid_to=None),),
        )
        for n in range(count)
    }  # fmt: skip
    return [Assignment(role=role, resource_id=each) for each in people], people


def test_the_longest_waybill_there_can_be_still_fits_a_qr_code() -> None:
    lines = tuple(
        replace(
            PETROL, number=n, un_number=noise(2000, n), name=noise(2000, n), hazard_class=noise(2000, n),
            packing_group=noise(2000, n), mass_g=(1 << 40) + n, net_explosive_mass_g=(1 << 40) + n,
        )
        for n in range(1000)
    )  # fmt: skip
    drivers, people = crowd(Role.DRIVER, QualificationKind.DRIVER, 5)
    escorts, others = crowd(Role.ESCORT, QualificationKind.ESCORT, 5)
    long = replace(
        without(Role.DRIVER, without(Role.ESCORT, ISSUED)), number=noise(2000, 1), goods=lines,
        origin=Place(name=noise(2000, 2)), destination=Place(name=noise(2000, 3)),
    )  # fmt: skip
    long = replace(long, assignments=(*long.assignments, *drivers, *escorts))
    said = content(long, knowing(FACTS, persons={**people, **others}))
    assert qr(roadside_code.make(said, fixed_key("x"))).version <= 40


def test_an_ordinary_waybill_of_two_lines_is_a_code_of_version_20_at_most() -> None:
    diesel = replace(
        PETROL, number=2, un_number="1202", name="瓦斯油或柴油或轻质燃料油", packing_group="III", mass_g=10_500_000
    )
    told = replace(
        carrying(PETROL, diesel, waybill=ISSUED),
        origin=Place(name="广东省深圳市盐田区盐田港油品装卸二号库"),
        destination=Place(name="广东省深圳市龙岗区平湖街道富民加油站"),
    )
    made = qr(roadside_code.make(content(told), fixed_key("x")))
    assert (made.error, made.mode) == ("M", "alphanumeric")
    assert made.version <= 20


LONG_NAMES = (
    "环境有害液态物质，未另作规定的（含苯乙烯、乙苯、二甲苯混合物）",
    "易燃液体，腐蚀性，有毒，未另作规定的（乙酸酐与甲醇混合溶液）",
)
LONG_PLACES = (
    "中国石油化工股份有限公司广东深圳石油分公司盐田港区第三成品油库",
    "广东省深圳市龙岗区平湖街道华南城第十二号综合能源补给站",
)


@pytest.mark.parametrize("random_key", range(4))
def test_two_lines_of_the_longest_names_and_a_crew_of_three_are_version_20_at_most(random_key: int) -> None:
    relief = replace(DRIVER, id="relief", name="慕容志远明")
    people = knowing(FACTS, replace(DRIVER, name="欧阳建国强"), relief)
    lines = (replace(PETROL, number=n, name=name, mass_g=12_345_678) for n, name in enumerate(LONG_NAMES, start=1))
    told = replace(
        carrying(*lines, waybill=ISSUED), origin=Place(name=LONG_PLACES[0]), route=Route(edge_keys=("a",)),
        stops=tuple(replace(stop(n, 1), place=Place(name=LONG_PLACES[1])) for n in range(1, 13)),
    )  # fmt: skip
    told = replace(told, assignments=(*told.assignments, Assignment(role=Role.DRIVER, resource_id="relief")))
    said = content(told, people)
    signer = fixed_es256_key(str(random_key)) if random_key % 2 else fixed_key(str(random_key))
    assert qr(roadside_code.make(said, signer)).version <= 20
    assert (said.driver, said.trailer) == ("欧阳建国强 Q1、慕容志远明 Q1", "粤B1234挂")
    assert said.destination.endswith("…等12处")
    assert all(len(line.name) >= 14 for line in said.goods)


@given(
    st.lists(
        st.tuples(st.integers(1, 1 << 35), st.sampled_from(["1203", "1202", "0336", "2880"])), min_size=1, max_size=40
    )
)
@settings(max_examples=30)
def test_the_grams_of_a_code_are_those_of_the_waybill(drawn: list[tuple[int, str]]) -> None:
    lines = [
        replace(PETROL, number=n, mass_g=mass_g, un_number=un, net_explosive_mass_g=n)
        for n, (mass_g, un) in enumerate(drawn, start=1)
    ]
    said = content(carrying(*lines, waybill=ISSUED)).goods
    assert len(said) <= 8
    assert sum(line.quantity * (1000 if line.unit == "kg" else 1) for line in said) == sum(
        mass_g for mass_g, _ in drawn
    )
