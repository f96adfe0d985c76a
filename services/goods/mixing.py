"""Mixed loading in one vehicle: by labels (ADR 7.5.2.1) and, within class 1, by compatibility group (7.5.2.2).

Both tables are data written from memory of ADR; their bases say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from services.errors import Finding, Severity
from services.errors import goods as reasons
from services.goods.bases import basis_on
from services.goods.catalogue import Catalogue
from services.goods.model import GoodsRow, Load, LoadLine, Regime

RULE = "WB-09"


@dataclass(frozen=True, slots=True)
class Condition:
    """Under what condition a pair may travel together, for a person to make sure of."""

    zh: str
    en: str


ALLOWED, FORBIDDEN = "X", ""
CONDITIONS: Mapping[str, Condition] = {
    "a": Condition("分隔装载，防止爆炸从B组传到D组", "effectively separated, so that no explosion passes from group B to group D"),
    "b": Condition("证明无附加殉爆危险，否则按1.1项处理", "no additional risk of sympathetic detonation is proven; else treat as 1.1"),
    "c": Condition("整体按配装组D处理", "the whole is treated as group D"),
    "d": Condition("同一类型的L组货物", "of the same type within group L"),
    "e": Condition("整体按第1类爆破炸药处理", "the whole is treated as blasting explosives of class 1"),
}  # fmt: skip

# 7.5.2.2: the groups each group may share a vehicle with, and the condition where there is one.
GROUPS: Mapping[str, Mapping[str, str]] = {
    "A": {"A": "X"},
    "B": {"B": "X", "D": "a", "S": "X"},
    "C": {"C": "X", "D": "X", "E": "X", "G": "X", "N": "c", "S": "X"},
    "D": {"B": "a", "C": "X", "D": "X", "E": "X", "G": "X", "N": "c", "S": "X"},
    "E": {"C": "X", "D": "X", "E": "X", "G": "X", "N": "c", "S": "X"},
    "F": {"F": "X", "S": "X"},
    "G": {"C": "X", "D": "X", "E": "X", "G": "X", "S": "X"},
    "H": {"H": "X", "S": "X"},
    "J": {"J": "X", "S": "X"},
    "L": {"L": "d"},
    "N": {"C": "c", "D": "c", "E": "c", "N": "b", "S": "X"},
    "S": {"B": "X", "C": "X", "D": "X", "E": "X", "F": "X", "G": "X", "H": "X", "J": "X", "N": "X", "S": "X"},
}
# 7.5.2.1: labels that go together without more; whatever stands in no set of the other goes only with itself.
_ORDINARY = frozenset({"2", "3", "4.1", "4.2", "4.3", "5.1", "5.2", "6.1", "6.2", "7", "8", "9"})
LABELS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_ORDINARY, _ORDINARY),
    "5.2": _ORDINARY | {"5.2+1"},
    "4.1+1": frozenset({"4.1+1"}),
    "5.2+1": frozenset({"5.2", "5.2+1"}),
    "1.4S": _ORDINARY,
}
# Note b: life-saving appliances and the like go with class 1. Note d: blasting explosives with nitrates.
LIFE_SAVING = frozenset({"2990", "3072", "3268"})
BLASTING = frozenset({"0081", "0082", "0084", "0241", "0331", "0332", "0482"})
NITRATES = frozenset(
    {"1942", "2067", "3375", "1451", "2722", "1486", "1477", "1498", "1446", "2464", "1454", "1474", "1507"}
)


def mixed_loading(one: GoodsRow, other: GoodsRow) -> str:
    """``X`` where two rows may share a vehicle, empty where not, else the key of the condition."""
    if one.is_explosive and other.is_explosive:
        return GROUPS.get(one.compatibility_group, {}).get(other.compatibility_group, FORBIDDEN)
    if one.is_explosive or other.is_explosive:
        explosive, plain = (one, other) if one.is_explosive else (other, one)
        return _with_explosive(explosive, plain)
    return ALLOWED if mixing_label(other) in LABELS.get(mixing_label(one), frozenset()) else FORBIDDEN


def _with_explosive(explosive: GoodsRow, plain: GoodsRow) -> str:
    if plain.un_number in LIFE_SAVING:
        return ALLOWED
    if explosive.un_number in BLASTING and plain.un_number in NITRATES:
        return "e"
    return ALLOWED if mixing_label(plain) in LABELS.get(mixing_label(explosive), frozenset()) else FORBIDDEN


def mixing_label(row: GoodsRow) -> str:
    """The heading under which table 7.5.2.1 knows a row: ``1.4S``, ``1.1``, ``2``, ``4.1+1``, ``8`` …"""
    if row.is_explosive:
        return "1.4S" if row.division == "1.4" and row.compatibility_group == "S" else row.division
    if row.goods_class in ("4.1", "5.2") and "1" in row.labels[1:]:
        return f"{row.goods_class}+1"
    return row.goods_class


def check_mixing(load: Load, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    """A finding for each pair of UN numbers that may not, or only on a condition, share the vehicle.

    Lines in limited or excepted quantities are judged elsewhere; where several rows fit a line, the strictest pair rules.
    """
    rows: dict[str, tuple[int, LoadLine, tuple[GoodsRow, ...]]] = {}
    for number, line in enumerate(load.lines):
        if line.is_dangerous and line.quantity_regime is Regime.NORMAL:
            found = catalogue.choose(line).rows
            if found:
                rows.setdefault(found[0].un_number, (number, line, found))
    if not any(_is_particular(row) for _, _, found in rows.values() for row in found):
        return
    for (_, _, one), (number, _, other) in combinations(rows.values(), 2):
        finding = _check_pair(one, other, number, on)
        if finding is not None:
            yield finding


def _is_particular(row: GoodsRow) -> bool:
    return row.is_explosive or mixing_label(row) not in _ORDINARY


def _check_pair(one: tuple[GoodsRow, ...], other: tuple[GoodsRow, ...], number: int, on: date) -> Finding | None:
    marks = {mixed_loading(a, b): (a, b) for a in one for b in other}
    if FORBIDDEN in marks:
        return _forbidden(*marks[FORBIDDEN], number, on)
    for mark, (a, b) in marks.items():
        if mark != ALLOWED:
            condition = CONDITIONS[mark]
            name = "COMPATIBILITY" if b.is_explosive and a.is_explosive else "MIXED_LOADING"
            return Finding(
                reason=reasons.GOODS_MIXED_ON_CONDITION, path=f"lines[{number}]", severity=Severity.WARNING, rule=RULE,
                basis=basis_on(name, on),
                values={"un": b.un_number, "other": a.un_number, "zh": condition.zh, "en": condition.en},
            )  # fmt: skip
    return None


def _forbidden(one: GoodsRow, other: GoodsRow, number: int, on: date) -> Finding:
    values = {"un": other.un_number, "other": one.un_number}
    if one.is_explosive and other.is_explosive:
        values |= {"group": other.compatibility_group or "?", "other_group": one.compatibility_group or "?"}
        reason, basis = reasons.GOODS_COMPATIBILITY_GROUPS, basis_on("COMPATIBILITY", on)
    else:
        values |= {"label": mixing_label(other), "other_label": mixing_label(one)}
        reason, basis = reasons.GOODS_MIXED_LOADING, basis_on("MIXED_LOADING", on)
    return Finding(reason=reason, path=f"lines[{number}]", rule=RULE, basis=basis, values=values)
