"""The second stage for fatigue, keyed by person: what somebody drove in several vehicles is one stretch if he did not rest between,
and one sum in the legal day. What the vehicles' own detection tells already is not told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.monitoring.engine.fatigue import BEIJING_MS, DAY_MS
from services.monitoring.engine.plain import alarm_id
from services.monitoring.engine.thresholds import Thresholds
from services.monitoring.model import Alarm, AlarmKind, Driven, Severity

LONGEST_MS = 36 * 3_600_000  # nobody drives for longer without a rest

LimitsAt = Callable[[int], Thresholds]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Driving without a rest, and the pieces it was made of, in order."""

    start_ms: int
    end_ms: int
    pieces: tuple[Driven, ...]


def causes_of(person_id: str) -> tuple[str, str]:
    """The causes that tell a person's alarms apart: of stretches, and of days."""
    return f"person {person_id}", f"day of person {person_id}"


def too_long(spans: Iterable[Driven], limits_at: LimitsAt) -> list[Alarm]:
    """The alarms of one person who drove all this: stretches of several pieces that together are too long, and days."""
    spans = sorted(spans, key=lambda each: (each.start_ms, each.end_ms, each.vehicle))
    return [*_long_stretches(spans, limits_at), *_long_days(spans, limits_at)]


def _long_stretches(spans: Sequence[Driven], limits_at: LimitsAt) -> Iterator[Alarm]:
    """One whose first vehicle alone was driven for too long has been told of that vehicle already."""
    rest_ms = limits_at(spans[-1].start_ms).rest_ms if spans else 0
    for stretch in stretches(spans, rest_ms):
        occurred = stretch.start_ms + limits_at(stretch.start_ms).driving_ms
        begun = [piece for piece in stretch.pieces if piece.start_ms <= occurred]
        is_told = any(piece.since_ms == stretch.start_ms and piece.end_ms >= occurred for piece in stretch.pieces)
        if stretch.end_ms < occurred or is_told:
            continue
        is_over = all(piece.is_over for piece in stretch.pieces if piece.end_ms == stretch.end_ms)
        yield _alarm(
            begun[-1], 0, occurred, stretch.end_ms if is_over else None,
            {"what": "several vehicles", "driving_since_ms": str(stretch.start_ms)},
        )  # fmt: skip


def stretches(spans: Iterable[Driven], rest_ms: int) -> list[Stretch]:
    """What lies between rests, of spans in order of their start. Whoever came farther in a vehicle while it was silent did not rest."""
    joined: list[Stretch] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and (span.start_ms - last.end_ms < rest_ms or span.since_ms <= last.end_ms):
            joined[-1] = Stretch(last.start_ms, max(last.end_ms, span.end_ms), (*last.pieces, span))
        else:
            joined.append(Stretch(span.start_ms, span.end_ms, (span,)))
    return joined


def _long_days(spans: Iterable[Driven], limits_at: LimitsAt) -> Iterator[Alarm]:
    """Told once, when so much has been driven. What was driven in two vehicles at once counts once."""
    for _, day in groupby(spans, lambda piece: (piece.start_ms + BEIJING_MS) // DAY_MS):
        pieces = list(day)
        most = limits_at(pieces[0].start_ms).daily_driving_ms
        occurred, piece = _reached(pieces, most)
        if piece is None or any(each.in_day_ms - max(0, each.end_ms - occurred) >= most for each in pieces):
            continue
        yield _alarm(piece, 1, occurred, occurred, {"what": "several vehicles in a day", "driven_ms": str(most)})


def _reached(pieces: Iterable[Driven], most_ms: int) -> tuple[int, Driven | None]:
    """When so much had been driven, and in which piece."""
    until, total = 0, 0
    for piece in pieces:
        begin = max(piece.start_ms, until)
        if piece.end_ms > begin:
            if total + piece.end_ms - begin >= most_ms:
                return begin + most_ms - total, piece
            total, until = total + piece.end_ms - begin, piece.end_ms
    return 0, None


def _alarm(piece: Driven, which: int, occurred_ms: int, ended_ms: int | None, evidence: dict[str, str]) -> Alarm:
    cause = causes_of(piece.person_id)[which]
    return Alarm(
        id=alarm_id(AlarmKind.FATIGUE, piece.vehicle, cause, occurred_ms),
        kind=AlarmKind.FATIGUE, severity=Severity.ORDINARY, vehicle=piece.vehicle, cause=cause,
        occurred_ms=occurred_ms, ended_ms=ended_ms, evidence={"rule": "DM-02", "person_id": piece.person_id, **evidence},
    )  # fmt: skip
