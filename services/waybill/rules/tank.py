"""WB-05: goods in a tank are among the media its certificate permits; the tank and its compartments can be these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from services.errors import Finding, Severity
from services.errors.waybill.resources import (
    COMPARTMENT_SHARED,
    COMPARTMENT_UNKNOWN,
    TANK_LAST_GOODS_DIFFER,
    TANK_MEDIUM_NAME_DIFFERS,
    TANK_MEDIUM_NOT_PERMITTED,
    TANK_MISSING,
    TANK_NOT_ON_VEHICLE,
    TANK_TOO_LARGE,
)
from services.goods import Mode
from services.goods.bases import policy_on
from services.goods.controls import Control
from services.goods.explosives import is_strongly_corrosive
from services.registry.model import Tank, TankCondition, TankKind
from services.waybill.model import GoodsLine, Role, WaybillKind
from services.waybill.rules.special import names_of
from services.waybill.trip import Assigned, Trip

RULE = "WB-05"
# A collective entry says too little by its UN number: the name in the list must be the name of the goods.
_COLLECTIVE = re.compile(r"未另作规定的|N\.O\.S\.", re.IGNORECASE)
_CARRIED = frozenset({TankKind.PORTABLE, TankKind.CONTAINER})
_DIRTY = frozenset({TankCondition.PART, TankCondition.EMPTY_UNCLEANED})


def tank_permits(trip: Trip) -> Iterator[Finding]:
    for path, line in trip.lines():
        if line.mode == Mode.TANK.value:
            yield from _line(trip, path, line)
    for each, tank in trip.tanks():
        yield from _place(trip, each, tank)
        yield from _last_goods(trip, each, tank)
        yield from _volume(trip, each, tank)
    yield from _compartments(trip)


def _line(trip: Trip, path: str, line: GoodsLine) -> Iterator[Finding]:
    """Every assigned tank must permit the line: a tank exchanged on the way holds the same goods."""
    if not trip.waybill.resources(Role.TANK):
        yield trip.finding(TANK_MISSING, f"{path}.mode", RULE, line=line.number)
    for _, tank in trip.tanks():
        yield from _medium(trip, path, line, tank)


def _medium(trip: Trip, path: str, line: GoodsLine, tank: Tank) -> Iterator[Finding]:
    listed = [medium.name for medium in tank.permitted_media if medium.un_number == line.un_number]
    names = names_of(trip, line)
    named = any(not name or name in names for name in listed)
    if not listed or (not named and any(_COLLECTIVE.search(name) for name in names)):
        yield trip.finding(TANK_MEDIUM_NOT_PERMITTED, path, RULE, un=line.un_number, name=line.name, tank=tank.number)
    elif not named:
        yield trip.finding(
            TANK_MEDIUM_NAME_DIFFERS, path, RULE, severity=Severity.WARNING,
            un=line.un_number, tank=tank.number, listed="、".join(listed),
        )  # fmt: skip


def _place(trip: Trip, each: Assigned, tank: Tank) -> Iterator[Finding]:
    if tank.fixed_on and tank.fixed_on not in trip.vehicle_ids:
        yield trip.finding(TANK_NOT_ON_VEHICLE, each.path, RULE, tank=tank.number)


def _volume(trip: Trip, each: Assigned, tank: Tank) -> Iterator[Finding]:
    """The tanks of vehicles may hold only so much of what does most harm; tank-containers are exempt."""
    if tank.kind in _CARRIED:
        return
    lines = [line for line in trip.waybill.goods if line.mode == Mode.TANK.value]
    toxic = any(Control.HIGHLY_TOXIC in trip.controls(line) for line in lines)
    explosive = any(row.is_explosive for line in lines for row in trip.rows(line))
    corrosive = any(is_strongly_corrosive(trip.rows(line)) for line in lines)
    for is_meant, name, what, what_en in (
        (toxic, "TANK_HIGHLY_TOXIC", "剧毒化学品", "highly toxic chemicals"),
        (explosive, "TANK_EXPLOSIVE_OR_CORROSIVE", "爆炸品", "explosives"),
        (corrosive, "TANK_EXPLOSIVE_OR_CORROSIVE", "强腐蚀性危险货物", "strongly corrosive goods"),
    ):
        policy = policy_on(name, trip.first_day)
        if is_meant and policy is not None and tank.volume_ml > policy.value:
            found = trip.finding(
                TANK_TOO_LARGE, each.path, RULE,
                tank=tank.number, volume=tank.volume_ml, limit=policy.value, what=what, what_en=what_en,
            )  # fmt: skip
            yield replace(found, basis=policy.basis)


def _last_goods(trip: Trip, each: Assigned, tank: Tank) -> Iterator[Finding]:
    """Switch loading is the loader's to judge; the waybill only warns. Returns carry the last goods by nature."""
    if trip.waybill.kind is not WaybillKind.NORMAL or tank.state.condition not in _DIRTY:
        return
    other = sorted(set(tank.state.last_un_numbers) - {line.un_number for line in trip.waybill.goods})
    if other:
        yield trip.finding(
            TANK_LAST_GOODS_DIFFER, each.path, RULE, severity=Severity.WARNING, tank=tank.number, last="、".join(other)
        )


def _compartments(trip: Trip) -> Iterator[Finding]:
    """Named compartments exist, and each holds one kind of goods."""
    holds: dict[int, set[str]] = {}
    for path, line in trip.lines():
        if line.compartment is None:
            continue
        holds.setdefault(line.compartment, set()).add(line.un_number)
        for _, tank in trip.tanks():
            if line.compartment not in {compartment.number for compartment in tank.compartments}:
                yield trip.finding(
                    COMPARTMENT_UNKNOWN, f"{path}.compartment", RULE, tank=tank.number, compartment=line.compartment
                )
    for number, goods in holds.items():
        if len(goods) > 1:
            yield trip.finding(COMPARTMENT_SHARED, "waybill.goods", RULE, compartment=number)
