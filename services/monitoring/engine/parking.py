"""The second stage, keyed by place: laden vehicles that stand together too near to a load theirs must not be near (禁忌物品).

What is found follows from where vehicles stood from when to when, in whatever order that became known. The one that came later
is blamed, of two at once the one with the higher number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from geo.cells import disk
from geo.position import Position, distance_m
from services.monitoring.engine.plain import alarm_id
from services.monitoring.engine.thresholds import Thresholds
from services.monitoring.facts import Goods
from services.monitoring.model import Alarm, AlarmKind, Severity

_STEPS = 2  # rings of cells that hold everything within 100 m and more
_EVER = 1 << 62

# Policy of the platform after the mixed loading table (JT/T 617.6; ADR 7.5.2.1) and the storage table of GB 15603:
# no national text sets distances for parked vehicles. First hazard or division against first hazard or division.
_EXPLOSIVE = frozenset({"1"})
_FEEDS_FIRE = frozenset({"5.1", "5.2"})
_BURNS = frozenset({"2.1", "3", "4.1", "4.2", "4.3"})


@dataclass(frozen=True, slots=True)
class Stand:
    """A laden vehicle stood there from ``since_ms`` on, until ``until_ms`` or still."""

    vehicle: int
    since_ms: int
    until_ms: int | None
    cell: int
    position: Position
    goods: tuple[Goods, ...]
    waybill_id: str = ""
    carrier_id: str = ""


def cells_near(stands: Iterable[Stand]) -> set[int]:
    """The cells in which whatever may be too near to one of them stands."""
    return {near for cell in {stand.cell for stand in stands} for near in disk(cell, _STEPS)}


def too_near(
    stands: Iterable[Stand], others: Iterable[Stand], limits_at: Callable[[int], Thresholds], names: Mapping[int, str]
) -> list[Alarm]:
    """The alarms of all pairs of one of the stands and one of the others; ``names`` are those of vehicles by number."""
    by_cell: dict[int, list[Stand]] = defaultdict(list)
    for other in others:
        by_cell[other.cell].append(other)
    found: dict[str, Alarm] = {}
    for stand in stands:
        for other in (other for cell in disk(stand.cell, _STEPS) for other in by_cell.get(cell, ())):
            found |= {alarm.id: alarm for alarm in _beside(stand, other, limits_at, names)}
    return list(found.values())


def _beside(
    one: Stand, other: Stand, limits_at: Callable[[int], Thresholds], names: Mapping[int, str]
) -> Iterator[Alarm]:
    first, later = sorted((one, other), key=lambda each: (each.since_ms, each.vehicle))
    ended = min(_EVER if each.until_ms is None else each.until_ms for each in (first, later))
    if first.vehicle == later.vehicle or later.since_ms >= ended:
        return
    limits, apart_m = limits_at(later.since_ms), distance_m(first.position, later.position)
    is_short = ended - later.since_ms < limits.parked_ms
    if is_short or apart_m > limits.parking_apart_m or not are_incompatible(first.goods, later.goods):
        return
    cause = str(first.vehicle)
    yield Alarm(
        id=alarm_id(AlarmKind.INCOMPATIBLE_PARKING, later.vehicle, cause, later.since_ms),
        kind=AlarmKind.INCOMPATIBLE_PARKING, severity=Severity.ORDINARY, vehicle=later.vehicle,
        carrier_id=later.carrier_id, waybill_id=later.waybill_id, cause=cause, occurred_ms=later.since_ms,
        ended_ms=None if ended == _EVER else ended, position=later.position,
        evidence={
            "other_vehicle": names.get(first.vehicle, ""), "other_waybill": first.waybill_id, "apart_m": str(round(apart_m)),
        },
    )  # fmt: skip


def are_incompatible(some: tuple[Goods, ...], others: tuple[Goods, ...]) -> bool:
    """Explosives beside anything else, or what feeds fire beside what burns."""
    one, other = _hazards(some), _hazards(others)
    if bool(one & _EXPLOSIVE) != bool(other & _EXPLOSIVE):
        return True
    return bool((one & _FEEDS_FIRE and other & _BURNS) or (one & _BURNS and other & _FEEDS_FIRE))


def _hazards(goods: tuple[Goods, ...]) -> frozenset[str]:
    """Divisions where they matter, class 1 as a whole."""
    return frozenset(
        "1" if hazard.startswith("1") else hazard for line in goods for hazard in (*line.hazards, *line.subsidiary)
    )
