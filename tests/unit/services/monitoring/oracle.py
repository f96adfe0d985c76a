"""Detection as one would write it down: one vehicle, one fix after the other, plain loops, nothing remembered in clever ways.

Shares with the engine only the figures, the zones' shapes and what a rule means; positions are believed by the same words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from geo.position import Position, distance_m
from services.monitoring.engine import World
from services.monitoring.engine.plan import away_m
from services.monitoring.fixes import ENGINE_ON, POSITIONED
from services.monitoring.model import TripFact, ZoneKind
from tests.unit.services.monitoring.drives import Row

Found = tuple[str, str, int, int]  # kind, cause, occurred, ended (0: goes on)


class Day:
    """Everything about one vehicle up to ``end_ms``, in order of time."""

    def __init__(self, world: World, facts: Sequence[TripFact], rows: Sequence[Row], end_ms: int) -> None:
        self.world, self.limits, self.end_ms = world, world.thresholds, end_ms
        in_force = [fact for fact in facts if fact.at_ms <= end_ms - self.limits.late_fact_ms]
        self.facts = sorted(in_force, key=lambda fact: fact.at_ms)
        self.rows = sorted(rows, key=lambda row: row[1])
        self.good = list(self._believed())

    def trip(self, at_ms: int) -> TripFact | None:
        """The fact in force at an instant."""
        return next((fact for fact in reversed(self.facts) if fact.at_ms <= at_ms), None)

    def found(self) -> list[Found]:
        parts = (
            self.overspeed(), self.offline(), self.moved_offline(), self.no_waybill(), self.frozen(), self.no_fix(),
            self.deviation(), self.rest(),
        )  # fmt: skip
        return sorted(found for part in parts for found in part)

    def _believed(self) -> Iterator[Row]:
        last: Row | None = None
        odd: Row | None = None
        for row in self.rows:
            if not row[7] & POSITIONED:
                continue
            if last is None or not self._jumps(last, row) or (odd is not None and not self._jumps(odd, row)):
                last, odd = row, None
                yield row
            else:
                odd = row

    def _jumps(self, one: Row, other: Row) -> bool:
        seconds = (other[1] - one[1]) / 1000
        return metres(one, other) > self.limits.drift_slack_m + seconds * self.limits.drift_kmh / 3.6

    def is_broken(self, one: Row, other: Row) -> bool:
        """Whether a believed row does not go on from the one before it: what lies between was doubted, and then believed."""
        odd_between = any(one[1] < row[1] < other[1] and row[7] & POSITIONED for row in self.rows)
        return odd_between and self._jumps(one, other)

    def overspeed(self) -> Iterator[Found]:
        """Stretches above the limit, dips included; they count when the time surely above adds up."""
        above_since = last_above = previous = above_ms = -1
        is_told = False
        for row in self.good:
            if row[4] > self.limits.speed_noise_dkmh:
                continue
            at, above = row[1], row[4] > self._limit(row) + self.limits.overspeed_tolerance_dkmh
            in_run = above_since >= 0 and at - previous <= self.limits.overspeed_gap_ms
            if above_since >= 0 and not (in_run and (above or at - last_above <= self.limits.overspeed_dip_ms)):
                if is_told:
                    yield "OVERSPEED", "", above_since, last_above
                above_since, is_told, in_run = -1, False, False
            if above and above_since < 0:
                above_since, above_ms = at, 0
            elif above:
                above_ms += at - previous
            is_told |= above_since >= 0 and above_ms >= self.limits.overspeed_ms
            previous = at
            last_above = at if above else last_above
        if is_told:
            yield "OVERSPEED", "", above_since, 0

    def _limit(self, row: Row) -> int:
        place, limit = Position(row[2], row[3]), self.limits.expressway_dkmh
        trip = self.trip(row[1])
        if trip is not None and not trip.loaded and not trip.tunnel_forbidden:
            limit = self.limits.unladen_expressway_dkmh
        if row[4] <= self.limits.expressway_dkmh:
            limit = 1 << 20  # nobody is asked below the lowest limit of roads unknown
        for zone in self.world.zones.values():
            if zone.kind is ZoneKind.SPEED_SECTION and self.world.area(zone).contains(place):
                limit = min(limit, zone.rules[0].speed_dkmh)
        return limit

    def offline(self) -> Iterator[Found]:
        """Gaps between what is heard, cut by changes of the trip."""
        heard = -1
        marks = sorted(
            [(fact.at_ms, 0) for fact in self.facts] + [(row[1], 1) for row in self.rows] + [(self.end_ms, 2)]
        )
        for at, what in marks:
            trip = self.trip(at - 1)
            since = max(heard, trip.at_ms) if trip is not None else heard
            if trip is not None and trip.under_way and at - since >= self.limits.offline_ms:
                yield "OFFLINE", "", since, at if what < 2 else 0
            heard = at if what == 1 else heard

    def moved_offline(self) -> Iterator[Found]:
        for one, other in zip(self.good, self.good[1:], strict=False):
            heard = [row[1] for row in self.rows if one[1] <= row[1] <= other[1]]
            silences = [later - at for at, later in itertools.pairwise(heard)]
            is_silence = max(silences) >= self.limits.offline_ms
            if is_silence and metres(one, other) > self.limits.moved_offline_m and not self.is_broken(one, other):
                yield "MOVED_OFFLINE", "", one[1], other[1]

    def no_waybill(self) -> Iterator[Found]:
        def holds(row: Row) -> bool:
            trip = self.trip(row[1])
            return trip is not None and trip.loaded and not trip.under_way and row[4] >= self.limits.no_waybill_dkmh

        yield from self._lasting(
            "NO_WAYBILL", "", [(row[1], holds(row)) for row in self.good], self.limits.no_waybill_ms
        )

    def frozen(self) -> Iterator[Found]:
        marks = [
            (other[1], one[2:4] == other[2:4] and other[4] >= self.limits.frozen_speed_dkmh)
            for one, other in zip(self.good, self.good[1:], strict=False)
        ]
        yield from self._lasting("POSITION_FAULT", "frozen", marks, self.limits.frozen_ms)

    def no_fix(self) -> Iterator[Found]:
        marks = [(row[1], bool(row[7] & ENGINE_ON) and not row[7] & POSITIONED) for row in self.rows]
        yield from self._lasting("POSITION_FAULT", "no fix", marks, self.limits.no_fix_ms)

    def _lasting(self, kind: str, cause: str, marks: Sequence[tuple[int, bool]], lasting_ms: int) -> Iterator[Found]:
        run: list[int] = []
        for at, holds in [*marks, (1 << 62, False)]:
            if run and (not holds or at - run[-1] > self.limits.offline_ms):
                if run[-1] - run[0] >= lasting_ms:
                    yield kind, cause, run[0], run[-1] if at < 1 << 62 else 0
                run = []
            if holds:
                run.append(at)

    def deviation(self) -> Iterator[Found]:
        """Runs of fixes outside the corridor, cut by changes of the trip."""
        outside: list[int] = []
        marks: list[tuple[int, Row | None]] = [(fact.at_ms, None) for fact in self.facts]
        marks += [(row[1], row) for row in self.good]
        for at, row in sorted(marks, key=lambda mark: mark[0]):
            trip = self.trip(at)
            if row is not None and (trip is None or not trip.under_way or len(trip.route) < 2):
                continue
            is_away = (
                row is not None
                and trip is not None
                and away_m(trip.route, Position(row[2], row[3]))[0] > self.limits.corridor_m
            )
            if is_away:
                outside.append(at)
                continue
            if len(outside) >= self.limits.deviation_fixes:
                yield "ROUTE_DEVIATION", "", outside[0], at
            outside = []
        if len(outside) >= self.limits.deviation_fixes:
            yield "ROUTE_DEVIATION", "", outside[0], 0

    def rest(self) -> Iterator[Found]:
        """Driving without a rest of 20 minutes, person by person."""
        begun: Row | None = None
        last: Row | None = None
        for row in self.good:
            if not self.limits.moving_dkmh < row[4] <= self.limits.speed_noise_dkmh:
                continue
            is_over = last is not None and (self._other_driver(last[1], row[1]) or self._rested(last, row))
            if begun is not None and last is not None and is_over:
                yield from self._drove(begun[1], last[1], last[1])
                begun = None
            begun, last = begun or row, row
        if begun is not None and last is not None:
            is_over = self._other_driver(last[1], self.end_ms)
            yield from self._drove(begun[1], last[1], last[1] if is_over else 0)

    def _drove(self, begin: int, last: int, ended: int) -> Iterator[Found]:
        if last - begin >= self.limits.driving_ms:
            yield "FATIGUE", "continuous", begin + self.limits.driving_ms, ended

    def _other_driver(self, after_ms: int, until_ms: int) -> bool:
        """Whether a fact in that time names another driver than the one before it."""
        named = [fact for fact in self.facts if fact.driver_id]
        pairs = itertools.pairwise(named)
        return any(crew(one) != crew(other) and after_ms < other.at_ms <= until_ms for one, other in pairs)

    def _rested(self, one: Row, other: Row) -> bool:
        gap, trip = other[1] - one[1], self.trip(other[1])
        rest_ms, away_m = self.limits.rest_ms, 2_000
        if trip is not None and len(crew(trip)) == 2:
            rest_ms, away_m = self.limits.crew_change_ms, 200
        return gap >= rest_ms and (metres(one, other) <= away_m or gap >= 86_400_000)


def crew(trip: TripFact) -> set[str]:
    return {trip.driver_id, trip.second_driver_id} - {""}


def metres(one: Row, other: Row) -> float:
    return distance_m(Position(one[2], one[3]), Position(other[2], other[3]))
