"""The second stage, keyed by place: laden vehicles that stand too near to a load theirs must not be near (禁忌物品).

Fed with the ``Parked`` effects of all shards that a neighbourhood may hold, in any order between vehicles; which of two is
blamed (the one that came later) and since when does not depend on that order.
"""

from __future__ import annotations

from collections.abc import Iterator

from geo.cells import disk
from geo.position import distance_m
from services.monitoring.engine.plain import alarm_id
from services.monitoring.facts import Goods
from services.monitoring.model import (
    Alarm,
    AlarmKind,
    AlarmRaised,
    AlarmRevised,
    Effect,
    Parked,
    Severity,
    alarm_fields,
)

_STEPS = 2  # rings of cells that hold everything within 100 m and more

# Policy of the platform after the mixed loading table (JT/T 617.6; ADR 7.5.2.1) and the storage table of GB 15603:
# no national text sets distances for parked vehicles. First hazard or division against first hazard or division.
_EXPLOSIVE = frozenset({"1"})
_FEEDS_FIRE = frozenset({"5.1", "5.2"})
_BURNS = frozenset({"2.1", "3", "4.1", "4.2", "4.3"})


class ParkingLot:
    """Who stands where, and which pairs have been told."""

    def __init__(self) -> None:
        self.standing: dict[int, Parked] = {}  # by vehicle
        self.cells: dict[int, set[int]] = {}  # vehicles by cell
        self.open: dict[tuple[int, int], Alarm] = {}  # by the one that came later, and the other

    def step(self, told: Parked, *, apart_m: int) -> list[Effect]:
        """A vehicle has come to stand, or (without goods) has gone."""
        effects: list[Effect] = list(self._gone(told.vehicle, told.at_ms))
        if told.goods:
            self.standing[told.vehicle] = told
            self.cells.setdefault(told.cell, set()).add(told.vehicle)
            for number in sorted(self._near(told)):
                other = self.standing[number]
                if distance_m(told.position, other.position) <= apart_m and are_incompatible(told.goods, other.goods):
                    effects.append(self._raise(*sorted((told, other), key=lambda each: (each.at_ms, each.vehicle))))
        return effects

    def _near(self, told: Parked) -> Iterator[int]:
        for cell in disk(told.cell, _STEPS):
            yield from (vehicle for vehicle in self.cells.get(cell, ()) if vehicle != told.vehicle)

    def _raise(self, first: Parked, later: Parked) -> Effect:
        cause = str(first.vehicle)
        alarm = AlarmRaised(
            id=alarm_id(AlarmKind.INCOMPATIBLE_PARKING, later.vehicle, cause, later.at_ms),
            kind=AlarmKind.INCOMPATIBLE_PARKING, severity=Severity.ORDINARY, vehicle=later.vehicle,
            carrier_id=later.carrier_id, waybill_id=later.waybill_id, cause=cause, occurred_ms=later.at_ms,
            position=later.position,
            evidence={
                "other_vehicle": cause, "other_waybill": first.waybill_id,
                "apart_m": str(round(distance_m(first.position, later.position))),
            },
        )  # fmt: skip
        self.open[later.vehicle, first.vehicle] = alarm
        return alarm

    def _gone(self, vehicle: int, at_ms: int) -> Iterator[Effect]:
        stood = self.standing.pop(vehicle, None)
        if stood is None:
            return
        self.cells[stood.cell].discard(vehicle)
        if not self.cells[stood.cell]:
            del self.cells[stood.cell]
        for pair in sorted(pair for pair in self.open if vehicle in pair):
            alarm = self.open.pop(pair)
            ended = max(at_ms, alarm.occurred_ms)
            yield AlarmRevised(**(alarm_fields(alarm) | {"ended_ms": ended, "revision": alarm.revision + 1}))


def are_incompatible(some: tuple[Goods, ...], others: tuple[Goods, ...]) -> bool:
    """Explosives beside anything else, or what feeds fire beside what burns."""
    one, other = _hazards(some), _hazards(others)
    if bool(one & _EXPLOSIVE) != bool(other & _EXPLOSIVE):
        return True
    return bool((one & _FEEDS_FIRE and other & _BURNS) or (one & _BURNS and other & _FEEDS_FIRE))


def _hazards(goods: tuple[Goods, ...]) -> frozenset[str]:
    """Divisions where they matter, class 1 as a whole."""
    return frozenset("1" if hazard.startswith("1") else hazard for line in goods for hazard in line.hazards)
