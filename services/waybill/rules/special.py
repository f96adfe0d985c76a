"""What the goods of a trip are besides their class: highly toxic, explosive, radioactive, waste."""

from __future__ import annotations

from services.goods.controls import Control
from services.registry.model import Special
from services.registry.scope import Mark
from services.waybill.model import GoodsLine
from services.waybill.trip import Trip

_MARKS = {Control.HIGHLY_TOXIC: Mark.HIGHLY_TOXIC, Control.EXPLOSIVE_PRECURSOR: Mark.EXPLOSIVE_PRECURSOR}
# The word a scope may use for the goods as a group (仅限烟花爆竹).
_GROUP_WORDS = {Control.FIREWORKS: "烟花爆竹", Control.FIREWORKS_OR_CIVIL_EXPLOSIVE: "烟花爆竹"}


def marks_of(trip: Trip, line: GoodsLine) -> frozenset[Mark]:
    """The marks of a scope these goods fall under."""
    marks = {_MARKS[control] for control in trip.controls(line) if control in _MARKS}
    return frozenset(marks | {Mark.HAZARDOUS_WASTE} if line.waste else marks)


def names_of(trip: Trip, line: GoodsLine) -> frozenset[str]:
    """Every name a scope or a tank's list may use for the line."""
    rows = trip.rows(line)
    groups = {_GROUP_WORDS[control] for control in trip.controls(line) if control in _GROUP_WORDS}
    return frozenset({line.name, *groups, *(row.name_zh for row in rows), *(row.name_en for row in rows)} - {""})


def specials_of(trip: Trip) -> frozenset[Special]:
    """The kinds of goods aboard for which the crew's certificates must say so."""
    found: set[Special] = set()
    for _, line in trip.lines():
        divisions = {row.goods_class for row in trip.rows(line)}
        if Control.HIGHLY_TOXIC in trip.controls(line):
            found.add(Special.TOXIC)
        if "1" in divisions:
            found.add(Special.EXPLOSIVE)
        if "7" in divisions:
            found.add(Special.RADIOACTIVE)
    return frozenset(found)
