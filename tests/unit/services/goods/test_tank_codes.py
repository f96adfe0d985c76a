"""Tank codes: what is read, what is refused, and which tank covers which."""

from __future__ import annotations

import contextlib
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.goods import TankCodeUnreadable, TankFit, core, parse_tank_code, tank_code_covers, tank_fit
from services.goods.tanks import TankCode

LIQUID = ["".join(parts) for parts in product("LS", ("G", "1.5", "2.65", "4", "10", "15", "21"), "ABCD", "VFNH")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("LGBF", TankCode("L", 0, "B", "F")),
        ("L1.5BN", TankCode("L", 150, "B", "N")),
        ("S2.65AN(+)", TankCode("S", 265, "A", "N", no_hierarchy=True)),
        ("PxBH(M)", TankCode("P", None, "B", "H")),
        ("P22DH(M)", TankCode("P", 2200, "D", "H")),
        ("RxBN", TankCode("R", None, "B", "N")),
        (" L4BH ", TankCode("L", 400, "B", "H")),
    ],
)
def test_tank_codes_are_read(text: str, code: TankCode) -> None:
    assert parse_tank_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "L",
        "LGB",
        "LGBFX",
        "lgbf",
        "XGBF",
        "LxBN",
        "PGBN",
        "PxBV",
        "L4EN",
        "L1,5BN",
        "L4BN(?)",
        "LGBF LGBF",
        "L４BN",
    ],
)
def test_what_is_no_tank_code_is_refused(text: str) -> None:
    with pytest.raises(TankCodeUnreadable):
        parse_tank_code(text)


def test_every_tank_code_of_the_core_list_is_read_and_covers_itself() -> None:
    for code in {row.tank_code for row in core().rows() if row.tank_code}:
        for one in code.split(";"):
            assert tank_code_covers(one, code)


@pytest.mark.parametrize(
    ("have", "need", "covers"),
    [
        ("L4BN", "LGBF", True),
        ("LGBF", "L4BN", False),
        ("LGBF", "LGBV", True),
        ("L4BH", "L10CH", False),
        ("L15DH", "L10CH", True),
        ("L4BN", "SGAN", False),
        ("LGBV", "SGAV; LGBV", True),
        ("SGAV", "SGAV; LGBV", True),
        ("L21DH", "L4BV(+)", False),
        ("L4BV(+)", "L4BV(+)", True),
        ("L4BV", "L4BV(+)", True),
        ("L4DV(+)", "L4BV(+)", False),
        ("P22DH(M)", "P22DH(M)", True),
        ("P25DH", "P22DH(M)", True),
        ("P21DH", "P22DH(M)", False),
        ("CxBN(M)", "PxBN(M)", False),
    ],
)
def test_which_tank_covers_which(have: str, need: str, covers: bool) -> None:
    assert tank_code_covers(have, need) is covers


def test_a_pressure_per_substance_is_decided_by_hand() -> None:
    assert tank_fit("P18BN", "PxBN(M)") is TankFit.BY_HAND
    assert tank_fit("PxBN", "P22BN") is TankFit.BY_HAND
    assert tank_fit("P18BN", "PxBH(M)") is TankFit.NO
    assert not tank_code_covers("P18BN", "PxBN(M)")


def slow_covers(have: str, need: str) -> bool:
    """Walk the hierarchy step by step: from the need upward one part at a time until the tank offered is met."""
    steps = [("G", "1.5", "2.65", "4", "10", "15", "21"), "ABCD", "VFNH"]

    def split(code: str) -> tuple[str, ...]:
        return code[0], code[1:-2], code[-2], code[-1]

    reached, edge = {split(need)}, [split(need)]
    while edge:
        kind, *parts = edge.pop()
        for place, ladder in enumerate(steps):
            at = ladder.index(parts[place])
            if at + 1 < len(ladder):
                higher = (kind, *parts[:place], ladder[at + 1], *parts[place + 1 :])
                if higher not in reached:
                    reached.add(higher)
                    edge.append(higher)
    return split(have) in reached


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LIQUID), st.sampled_from(LIQUID))
def test_the_hierarchy_agrees_with_climbing_it_step_by_step(have: str, need: str) -> None:
    assert tank_code_covers(have, need) is slow_covers(have, need)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="LSCPRGxABDVFNH0123456789.(+M) ;４", max_size=12))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with contextlib.suppress(TankCodeUnreadable):
        parse_tank_code(text)
