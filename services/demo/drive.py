"""The drive: a terminal that reports every ten seconds of the demo's clock, over a gRPC stream, until it is answered."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from geo.drive import DrivenFix, Overspeed, drive, find_overspeed
from geo.roads import RoadGraph
from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.refusals import Refused
from services.demo import cast
from services.demo.stage import Stage

_REPORT = "hazway.monitoring.v1.MonitoringService/ReportFixes"
_AGAIN_S = 0.3
_EXCESS_DKMH, _MARGIN_DKMH = 200, 20
_LASTING = timedelta(seconds=70)
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENCE_S = 120.0


@dataclass
class Driven:
    """``sent`` and ``durable`` count fixes; ``refused`` holds (index, reason) of those the server would not take."""

    sent: int = 0
    durable: int = 0
    refused: tuple[tuple[int, str], ...] = ()


def lasting_overspeed(graph: RoadGraph, edges: Sequence[int]) -> Overspeed | None:
    """Where the driver can be too fast for well over a minute, bends and all; None where the road does not let him."""
    fast = find_overspeed(graph, edges, excess_dkmh=_EXCESS_DKMH)
    if fast is None:
        return None
    since: datetime | None = None
    longest = timedelta()
    for fix in drive(graph, edges, start=_ANY_TIME, rng=random.Random(0), overspeed=fast):  # noqa: S311
        above = fix.speed_dkmh > fast.speed_dkmh - _EXCESS_DKMH + _MARGIN_DKMH
        since = (since or fix.at) if above else None
        longest = max(longest, fix.at - since) if since else longest
    return fast if longest >= _LASTING else None


def drive_road(
    stage: Stage, graph: RoadGraph, edges: Sequence[int], *, seed: int, overspeed: Overspeed | None = None
) -> Driven:
    """Drive the edges at legal speed from now on, sending each fix when its time has come. Returns when all are durable."""
    fixes = list(drive(graph, edges, start=stage.now(), rng=random.Random(seed), overspeed=overspeed))  # noqa: S311
    return report(stage, [_wire(fix) for fix in fixes])


def standing_fix(stage: Stage, graph: RoadGraph, edges: Sequence[int]) -> Driven:
    """One fix at the start of the road: the terminal is awake."""
    first = next(iter(drive(graph, edges, start=stage.now(), rng=random.Random(0))))  # noqa: S311
    fix = _wire(first)
    fix.speed_dkmh = 0
    return report(stage, [fix])


def report(stage: Stage, fixes: Sequence[pb.Fix]) -> Driven:
    """Send the fixes one batch each at their times; whatever got no answer is sent again over a new stream."""
    terminal = _Terminal(stage, fixes)
    deadline = time.monotonic() + _PATIENCE_S + len(fixes)
    while not terminal.done and time.monotonic() < deadline:
        try:
            terminal.run()
        except Refused:
            time.sleep(
                _AGAIN_S
            )  # the api, PostgreSQL or the way there is down: the terminal keeps its fixes and tries again
    return terminal.driven


class _Terminal:
    """Keeps every fix until it is answered as durable."""

    def __init__(self, stage: Stage, fixes: Sequence[pb.Fix]) -> None:
        self._stage, self._fixes = stage, fixes
        self._answered = 0
        self.driven = Driven()

    @property
    def done(self) -> bool:
        return self._answered == len(self._fixes)

    def run(self) -> None:
        """One stream, from the first fix without an answer on. Raises ``Refused`` when it breaks."""
        first = self._answered
        for answer in self._stage.client(cast.CARRIER).stream(_REPORT, self._requests(first)):
            self._answered = int(answer.batch)
            self.driven.durable += answer.accepted
            self.driven.refused += tuple((self._answered - 1, one.reason) for one in answer.refused)

    def _requests(self, first: int) -> Iterator[pb.ReportFixesRequest]:
        for number, fix in enumerate(self._fixes[first:], first + 1):
            self._wait_until(fix.time_ms)
            self.driven.sent = max(self.driven.sent, number)
            yield pb.ReportFixesRequest(batch=number, fixes=[fix])

    def _wait_until(self, time_ms: int) -> None:
        while self._stage.now().timestamp() * 1000 < time_ms:
            time.sleep(0.01)


def _wire(fix: DrivenFix) -> pb.Fix:
    return pb.Fix(
        vehicle_id=cast.TRACTOR,
        time_ms=int(fix.at.timestamp() * 1000),
        latitude_e7=fix.position.latitude_e7,
        longitude_e7=fix.position.longitude_e7,
        speed_dkmh=fix.speed_dkmh,
        heading_deg=fix.heading_deg,
        odometer_dm=fix.odometer_dm,
        engine_on=True,
        positioned=True,
    )
