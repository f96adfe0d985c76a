"""The second stage for fatigue, keyed by person: what somebody drove in several vehicles is one stretch if he did not rest between."""

from __future__ import annotations

from dataclasses import dataclass

from services.monitoring.engine.plain import alarm_id
from services.monitoring.engine.thresholds import Thresholds
from services.monitoring.model import AlarmKind, AlarmRaised, Driven, Effect, Severity

_KEPT_MS = 36 * 3_600_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Driving without a rest, and the vehicles it was in."""

    start_ms: int
    end_ms: int
    vehicles: frozenset[int]


class Persons:
    """The last driving of every person, and what has been told."""

    def __init__(self) -> None:
        self.driven: dict[str, list[Driven]] = {}
        self.told: set[str] = set()

    def step(self, driven: Driven, limits: Thresholds) -> list[Effect]:
        """Take what was driven in one vehicle; tell a stretch over several vehicles once it is too long."""
        spans = self.driven.setdefault(driven.person_id, [])
        spans.append(driven)
        newest = max(span.end_ms for span in spans)
        spans[:] = [span for span in spans if span.end_ms > newest - _KEPT_MS]
        effects: list[Effect] = []
        for stretch in stretches(spans, limits.rest_ms):
            occurred, vehicle = stretch.start_ms + limits.driving_ms, driven.vehicle
            ident = alarm_id(AlarmKind.FATIGUE, 0, driven.person_id, stretch.start_ms)
            is_long = stretch.end_ms >= occurred and len(stretch.vehicles) > 1
            if is_long and vehicle in stretch.vehicles and ident not in self.told:
                self.told.add(ident)
                effects.append(
                    AlarmRaised(
                        id=ident, kind=AlarmKind.FATIGUE, severity=Severity.ORDINARY, vehicle=vehicle,
                        cause=f"person {driven.person_id}", occurred_ms=occurred, ended_ms=stretch.end_ms,
                        evidence={"rule": "DM-02", "person_id": driven.person_id, "driving_since_ms": str(stretch.start_ms)},
                    )
                )  # fmt: skip
        return effects


def stretches(spans: list[Driven], rest_ms: int) -> list[Stretch]:
    """What lies between rests, in order."""
    joined: list[Stretch] = []
    for span in sorted(spans, key=lambda each: (each.start_ms, each.end_ms)):
        last = joined[-1] if joined else None
        if last is not None and span.start_ms - last.end_ms < rest_ms:
            vehicles = last.vehicles | {span.vehicle}
            joined[-1] = Stretch(last.start_ms, max(last.end_ms, span.end_ms), vehicles)
        else:
            joined.append(Stretch(span.start_ms, span.end_ms, frozenset({span.vehicle})))
    return joined
