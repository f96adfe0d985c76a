"""Whole loads against a slow second opinion, written from the text of the rules and sharing no table with the code."""

from __future__ import annotations

from datetime import date
from itertools import permutations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.goods import (
    Catalogue,
    GoodsRow,
    Load,
    LoadLine,
    Mode,
    Regime,
    TankState,
    check_load,
    core,
    is_ordinary_cargo,
    mixed_loading,
    permits_needed,
    plates,
    tunnel_categories,
)

ON = date(2026, 11, 1)
EXTRA = [
    GoodsRow(un_number="8001", goods_class="9", division="9", classification_code="M11", tunnel_code=""),
    GoodsRow(un_number="8002", goods_class="4.1", division="4.1", classification_code="SR1", subsidiary="1", tunnel_code="B"),
    GoodsRow(un_number="8003", goods_class="1", division="1.1", classification_code="1.1A", tunnel_code="B1000C"),
    GoodsRow(un_number="8004", goods_class="1", division="1.2", classification_code="1.2L", tunnel_code="B1000C"),
    GoodsRow(un_number="8005", goods_class="3", division="3", classification_code="F1", packing_group="II", tunnel_code="C"),
    GoodsRow(un_number="8005", goods_class="3", division="3", classification_code="F1", packing_group="III", tunnel_code=""),
    GoodsRow(un_number="8006", goods_class="1", division="1.6", classification_code="1.6N", tunnel_code="C"),
    GoodsRow(un_number="8007", goods_class="8", division="8", packing_group="I", subsidiary="3", tunnel_code="D/E", tank_code="L4BH"),
    GoodsRow(un_number="8007", goods_class="8", division="8", packing_group="II", tunnel_code="E", tank_code="L4BN"),
]  # fmt: skip
GOODS = Catalogue([*core().rows(), *EXTRA], edition="core and more")
NUMBERS = [
    "0333", "0335", "0336", "0337", "0029", "0082", "0083", "0331", "0161", "1203", "1263", "1402", "1942", "1075", "1017",
    "1689", "3077", "2555", "1993", "3413", "8001", "8002", "8003", "8004", "8005", "8006", "8007", "2015",
    "1202", "9999",
]  # fmt: skip
EDGES = [0, 1, 6250, 6251, 18_750, 1_000_000, 1_000_001, 3_000_000, 5_000_000, 5_000_001, 8_000_000, 8_000_001, 10_000_000,
         15_000_000, 16_000_000, 16_000_001]  # fmt: skip

masses = st.sampled_from(EDGES) | st.integers(0, 20_000_000)
lines = st.builds(
    LoadLine,
    un_number=st.sampled_from(NUMBERS),
    packing_group=st.sampled_from(["", "", "I", "II", "III"]),
    mode=st.sampled_from(Mode),
    mass_g=masses,
    net_explosive_mass_g=masses,
    packages=st.sampled_from([0, 1, 500, 1000, 1001]),
    quantity_regime=st.sampled_from([Regime.NORMAL] * 4 + [Regime.LQ, Regime.EQ]),
    tank_state=st.sampled_from([TankState.LOADED] * 5 + list(TankState)),
    tank_code=st.sampled_from(["", "", "LGBF", "L4BH", "L4BN", "L15DH", "P18BN", "nonsense"]),
)
loads = st.builds(
    Load,
    lines=st.lists(lines, max_size=4).map(tuple),
    vehicle_type=st.sampled_from(["EX/II", "EX/III", "FL", "OX", "AT", "CT", ""]),
)
whole_loads = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def candidates(line: LoadLine) -> list[GoodsRow]:
    rows = [row for row in GOODS.rows() if row.un_number == line.un_number]
    if any(row.packing_group == line.packing_group for row in rows) and line.packing_group:
        rows = [row for row in rows if row.packing_group == line.packing_group]
    if line.mode is Mode.TANK and any(row.tank_code for row in rows):
        rows = [row for row in rows if row.tank_code]
    return rows


def aboard(load: Load, *regimes: Regime) -> list[LoadLine]:
    clean = (TankState.CLEANED, TankState.GAS_FREE)
    return [line for line in load.lines if line.tank_state not in clean and line.quantity_regime in regimes]


def explosive(line: LoadLine) -> bool:
    return any(row.goods_class == "1" for row in candidates(line))


def kept_out_of(code: str, mode: Mode, net_kg_times_1000: float) -> str | None:
    """The text of ADR 8.6.4, read out code by code."""
    if code in ("B", "C", "D", "E"):
        return "BCDE"["BCDE".index(code) :]
    if code == "-":
        return ""
    if code == "B1000C":
        return "BCDE" if net_kg_times_1000 > 1_000_000 else "CDE"
    if code == "C5000D":
        return "CDE" if net_kg_times_1000 > 5_000_000 else "DE"
    if "/" in code:
        in_tank, otherwise = code.split("/")
        as_tank = mode is Mode.TANK or (code == "D/E" and mode is Mode.BULK)
        return kept_out_of(in_tank if as_tank else otherwise, mode, 0)
    return None


def slow_tunnels(load: Load) -> tuple[set[str], bool]:
    """The categories surely forbidden, and whether anything aboard leaves a doubt."""
    counted = aboard(load, Regime.NORMAL)
    net = float(sum(line.net_explosive_mass_g for line in counted))
    for line in counted:
        if explosive(line) and line.net_explosive_mass_g == 0 and line.tank_state is not TankState.EMPTY_UNCLEANED:
            net = float("inf")
    forbidden: set[str] = set()
    doubt = False
    for line in counted:
        verdicts = [kept_out_of(row.tunnel_code, line.mode, net) for row in candidates(line)]
        if not verdicts or None in verdicts:
            doubt = True
        else:
            forbidden |= set().union(*(set(verdict or "") for verdict in verdicts))
    if sum(line.mass_g for line in aboard(load, Regime.LQ)) > 8_000_000:
        forbidden.add("E")
    return forbidden, doubt


@whole_loads
@given(loads)
@example(Load(lines=(LoadLine(un_number="0335", net_explosive_mass_g=5_000_000), LoadLine(un_number="0337"))))
@example(Load(lines=(LoadLine(un_number="8005"), LoadLine(un_number="1203", mode=Mode.BULK))))
def test_tunnels_agree_with_the_text_read_out_line_by_line(load: Load) -> None:
    judgement = tunnel_categories(load, GOODS, ON)
    forbidden, doubt = slow_tunnels(load)
    rest = {"A", "B", "C", "D", "E"} - forbidden
    assert set(judgement.forbidden) == forbidden
    assert set(judgement.unknown) == (rest - {"A"} if doubt else set())
    assert set(judgement.allowed) == ({"A"} if doubt else rest)


# The grid of 7.5.2.2 as it is printed: rows and columns A B C D E F G H J L N S; lower case is a condition.
GRID = """
A X...........
B .X.a.......X
C ..XXX.X...cX
D .aXXX.X...cX
E ..XXX.X...cX
F .....X.....X
G ..XXX.X....X
H .......X...X
J ........X..X
L .........d..
N ..ccc.....bX
S .XXXXXXXX.XX
"""
LETTERS = "ABCDEFGHJLNS"
CELLS = {
    (row[0], column): mark.replace(".", "")
    for row in GRID.split("\n")
    if row
    for column, mark in zip(LETTERS, row[2:], strict=True)
}


def slow_pair(one: GoodsRow, other: GoodsRow) -> str:
    if one.goods_class == "1" and other.goods_class == "1":
        return CELLS[one.classification_code[-1], other.classification_code[-1]]
    if "1" in (one.goods_class, other.goods_class):
        bang, plain = (one, other) if one.goods_class == "1" else (other, one)
        if bang.un_number in ("0082", "0331") and plain.un_number == "1942":
            return "e"
        return "X" if bang.classification_code == "1.4S" and "1" not in plain.subsidiary.split("+") else ""
    shocked = [row for row in (one, other) if row.subsidiary == "1"]
    return "X" if len(shocked) in (0, 2) else ""


def test_the_printed_grid_is_the_same_read_from_either_side() -> None:
    for one, other in permutations(LETTERS, 2):
        assert CELLS[one, other] == CELLS[other, one]


def test_every_pair_of_goods_mixes_as_the_printed_grid_says() -> None:
    rows = [row for number in NUMBERS for row in GOODS.rows_of(number)]
    for one in rows:
        for other in rows:
            assert mixed_loading(one, other) == slow_pair(one, other), (one, other)


LIMIT_KG = {
    "EX/II": {"1.1": 1000, "1.2": 3000, "1.3": 5000, "1.4": 15000, "1.5": 5000, "1.6": 5000, "1.1A": 6.25},
    "EX/III": dict.fromkeys(["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"], 16000) | {"1.1A": 18.75},
}


def slow_reasons(load: Load) -> set[str]:
    parts = (slow_small_quantities, slow_mixing, slow_explosives, slow_ten_tonnes, slow_lists, slow_vehicle)
    return set().union(*(part(load) for part in parts))


def slow_small_quantities(load: Load) -> set[str]:
    found = set()
    limited, excepted = aboard(load, Regime.LQ), aboard(load, Regime.EQ)
    for line in limited:
        if any(row.limited_quantity in ("0", "") for row in candidates(line)):
            found.add("GOODS_LQ_NOT_PERMITTED")
    for line in excepted:
        if any(row.excepted_quantity in ("E0", "") for row in candidates(line)):
            found.add("GOODS_EQ_NOT_PERMITTED")
    if any(not (line.mass_g and line.packages) for line in limited) or any(not line.packages for line in excepted):
        found.add("GOODS_QUANTITY_NOT_STATED")
    if sum(line.mass_g for line in limited) > 8_000_000 or sum(line.packages for line in excepted) > 1000:
        found.add("GOODS_NOT_ORDINARY_CARGO")
    if limited and any(explosive(line) for line in aboard(load, Regime.NORMAL)):
        found.add("GOODS_LQ_WITH_EXPLOSIVES")
    return found


def slow_mixing(load: Load) -> set[str]:
    found = set()
    normal = aboard(load, Regime.NORMAL)
    for at, one in enumerate(normal):
        for other in normal[at + 1 :]:
            if one.un_number == other.un_number:
                continue
            pairs = [(a, b, slow_pair(a, b)) for a in candidates(one) for b in candidates(other)]
            if any(mark == "" for _, _, mark in pairs):
                both = all(a.goods_class == b.goods_class == "1" for a, b, mark in pairs if mark == "")
                found.add("GOODS_COMPATIBILITY_GROUPS" if both else "GOODS_MIXED_LOADING")
            elif any(mark != "X" for _, _, mark in pairs):
                found.add("GOODS_MIXED_ON_CONDITION")
    return found


def slow_explosives(load: Load) -> set[str]:
    found = set()
    class_1 = [
        line
        for line in aboard(load, Regime.NORMAL)
        if explosive(line) and line.tank_state is not TankState.EMPTY_UNCLEANED
    ]
    for line in class_1:
        if line.net_explosive_mass_g == 0:
            found.add("GOODS_NET_EXPLOSIVE_MASS_MISSING")
        elif 0 < line.mass_g < line.net_explosive_mass_g:
            found.add("GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE")
    counted = [line for line in class_1 if candidates(line)[0].classification_code != "1.4S"]
    if not counted:
        return found
    if load.vehicle_type not in LIMIT_KG:
        return found | {"GOODS_VEHICLE_NOT_FOR_EXPLOSIVES"}
    divisions = {candidates(line)[0].division for line in counted}
    worst = min(divisions, key=["1.1", "1.5", "1.2", "1.3", "1.6", "1.4"].index)
    if "1.5" in divisions and "1.2" in divisions:
        worst = "1.1"
    limits = LIMIT_KG[load.vehicle_type]
    primary = sum(line.net_explosive_mass_g for line in counted if line.un_number == "8003")
    if sum(line.net_explosive_mass_g for line in counted) > limits[worst] * 1000 or primary > limits["1.1A"] * 1000:
        found.add("GOODS_EXPLOSIVES_ABOVE_LIMIT")
    return found


def slow_ten_tonnes(load: Load) -> set[str]:
    full = [
        line
        for line in aboard(load, Regime.NORMAL)
        if line.tank_state is not TankState.EMPTY_UNCLEANED and line.mode is not Mode.TANK
    ]
    class_1 = sum(line.mass_g for line in full if explosive(line))
    toxic = sum(line.mass_g for line in full if line.un_number in ("1017", "1689", "3413"))
    strong = [line for line in full if any((row.division, row.packing_group) == ("8", "I") for row in candidates(line))]
    corrosive = sum(line.mass_g for line in strong)
    return {"GOODS_NON_TANK_ABOVE_LIMIT"} if max(class_1, toxic, corrosive) > 10_000_000 else set()


def slow_lists(load: Load) -> set[str]:
    """What the list itself says of each line: whether it is there, in that packing group, with a code for tunnels and tanks."""
    found = set()
    for line in aboard(load, *Regime):
        rows = candidates(line)
        if not rows:
            found.add("GOODS_UNKNOWN")
            continue
        if line.packing_group and not any(
            row.packing_group == line.packing_group for row in GOODS.rows() if row.un_number == line.un_number
        ):
            found.add("GOODS_PACKING_GROUP_UNKNOWN")
        if any(not row.tunnel_code for row in rows):
            found.add("GOODS_TUNNEL_UNKNOWN")
        if line.mode is Mode.TANK and not any(row.tank_code for row in rows):
            found.add("GOODS_TANK_NOT_LISTED")
        if line.mode is Mode.TANK and line.tank_code == "nonsense" and any(row.tank_code for row in rows):
            found.add("GOODS_TANK_CODE_UNREADABLE")
    return found


def slow_vehicle(load: Load) -> set[str]:
    """ADR 9.1.1.2: flammable gas or liquid in a tank asks for FL, strong peroxide for OX or FL, all else for AT or better."""
    for line in aboard(load, *Regime):
        for row in candidates(line) if line.mode is Mode.TANK and load.vehicle_type else ():
            dangers = {row.division, *row.subsidiary.split("+")}
            if row.un_number == "2015":
                good = {"OX", "FL"}
            elif row.un_number != "1202" and dangers & {"2.1", "3"}:
                good = {"FL"}
            else:
                good = {"FL", "OX", "AT"}
            if row.goods_class != "1" and load.vehicle_type not in good:
                return {"GOODS_VEHICLE_TYPE_WRONG"}
    return set()


COMPARED = {
    "GOODS_LQ_NOT_PERMITTED", "GOODS_EQ_NOT_PERMITTED", "GOODS_QUANTITY_NOT_STATED", "GOODS_NOT_ORDINARY_CARGO",
    "GOODS_LQ_WITH_EXPLOSIVES", "GOODS_COMPATIBILITY_GROUPS", "GOODS_MIXED_LOADING", "GOODS_MIXED_ON_CONDITION",
    "GOODS_NET_EXPLOSIVE_MASS_MISSING", "GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE", "GOODS_VEHICLE_NOT_FOR_EXPLOSIVES",
    "GOODS_EXPLOSIVES_ABOVE_LIMIT", "GOODS_NON_TANK_ABOVE_LIMIT", "GOODS_UNKNOWN", "GOODS_PACKING_GROUP_UNKNOWN",
    "GOODS_TUNNEL_UNKNOWN", "GOODS_TANK_NOT_LISTED", "GOODS_TANK_CODE_UNREADABLE", "GOODS_VEHICLE_TYPE_WRONG",
}  # fmt: skip


@whole_loads
@given(loads)
def test_findings_agree_with_the_rules_read_out_one_by_one(load: Load) -> None:
    found = {finding.reason.name for finding in check_load(load, GOODS, ON)}
    assert found & COMPARED == slow_reasons(load)


@whole_loads
@given(loads, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_no_judgement(load: Load, random: object) -> None:
    shuffled = list(load.lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = Load(lines=tuple(shuffled), vehicle_type=load.vehicle_type)
    one, two = tunnel_categories(load, GOODS, ON), tunnel_categories(other, GOODS, ON)
    assert (one.allowed, one.forbidden, one.unknown) == (two.allowed, two.forbidden, two.unknown)
    names = [sorted({finding.reason.name for finding in check_load(each, GOODS, ON)}) for each in (load, other)]
    assert names[0] == names[1]
    assert set(plates(load, GOODS, ON).orange) == set(plates(other, GOODS, ON).orange)


@whole_loads
@given(loads, lines)
def test_one_more_line_never_opens_a_tunnel(load: Load, line: LoadLine) -> None:
    more = Load(lines=(*load.lines, line), vehicle_type=load.vehicle_type)
    before, after = tunnel_categories(load, GOODS, ON), tunnel_categories(more, GOODS, ON)
    assert set(after.allowed) <= set(before.allowed)
    assert set(before.forbidden) <= set(after.forbidden)


@whole_loads
@given(loads)
def test_a_load_wholly_cleaned_is_free_of_everything(load: Load) -> None:
    clean = Load(
        lines=tuple(
            LoadLine(un_number=line.un_number, mode=line.mode, mass_g=line.mass_g, tank_state=TankState.CLEANED)
            for line in load.lines
        ),
        vehicle_type=load.vehicle_type,
    )
    assert check_load(clean, GOODS, ON) == ()
    assert tunnel_categories(clean, GOODS, ON).allowed == ("A", "B", "C", "D", "E")
    assert permits_needed(clean, GOODS, ON) == ()
    assert plates(clean, GOODS, ON).orange == ()
    assert is_ordinary_cargo(clean, ON)
