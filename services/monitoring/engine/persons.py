"""The second stage for fatigue, keyed by person: what somebody drove in several vehicles is one stretch if he did not rest between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from services.monitoring.engine.plain import alarm_id
from services.monitoring.engine.thresholds import Thresholds
from services.monitoring.model import Alarm, AlarmKind, Driven, Severity

LONGEST_MS = 36 * 3_600_000  # nobody drives for longer without a rest


@dataclass(frozen=True, slots=True)
class Stretch:
    """Driving without a rest, and the pieces it was made of, in order."""

    start_ms: int
    end_ms: int
    pieces: tuple[Driven, ...]


def cause_of(person_id: str) -> str:
    """The cause that tells a person's alarms apart."""
    return f"person {person_id}"


def too_long(spans: Iterable[Driven], limits_at: Callable[[int], Thresholds]) -> list[Alarm]:
    """The alarms of one person who drove all this: stretches of several pieces that together are too long. One whose first piece
    was too long has been told of that vehicle already."""
    spans = sorted(spans, key=lambda each: (each.start_ms, each.end_ms, each.vehicle))
    rest_ms = limits_at(spans[-1].start_ms).rest_ms if spans else 0
    return [alarm for stretch in stretches(spans, rest_ms) for alarm in _judged(stretch, limits_at)]


def _judged(stretch: Stretch, limits_at: Callable[[int], Thresholds]) -> Iterator[Alarm]:
    occurred = stretch.start_ms + limits_at(stretch.start_ms).driving_ms
    begun = [piece for piece in stretch.pieces if piece.start_ms <= occurred]
    is_told = any(piece.start_ms == stretch.start_ms and piece.end_ms >= occurred for piece in begun)
    if stretch.end_ms < occurred or is_told:
        return
    last = [piece for piece in stretch.pieces if piece.end_ms == stretch.end_ms]
    person_id = begun[0].person_id
    yield Alarm(
        id=alarm_id(AlarmKind.FATIGUE, 0, person_id, stretch.start_ms),
        kind=AlarmKind.FATIGUE, severity=Severity.ORDINARY, vehicle=begun[-1].vehicle,
        cause=cause_of(person_id), occurred_ms=occurred,
        ended_ms=stretch.end_ms if all(piece.is_over for piece in last) else None,
        evidence={
            "rule": "DM-02", "what": "several vehicles", "person_id": person_id, "driving_since_ms": str(stretch.start_ms),
        },
    )  # fmt: skip


def stretches(spans: Iterable[Driven], rest_ms: int) -> list[Stretch]:
    """What lies between rests, of spans in order of their start."""
    joined: list[Stretch] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and span.start_ms - last.end_ms < rest_ms:
            joined[-1] = Stretch(last.start_ms, max(last.end_ms, span.end_ms), (*last.pieces, span))
        else:
            joined.append(Stretch(span.start_ms, span.end_ms, (span,)))
    return joined
