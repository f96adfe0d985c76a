"""Fixes in, vehicles out, on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services.errors import Finding
from services.monitoring import figures_wire, intake, track
from services.monitoring.frames import EVERY_S, Watched
from services.monitoring.gateway import Gateway
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.service import Service, StreamCall

_WINDOW = 32  # batches of one stream that may wait for durability at once
_SIGN_OF_LIFE_S = 15.0


def service(gateway: Gateway) -> Service:
    return Service(
        name="hazway.monitoring.v1.MonitoringService",
        unary={"GetTrack": track.get_track, "GetFigures": figures_wire.get_figures},
        streams={
            "ReportFixes": partial(report_fixes, gateway),
            "WatchVehicles": partial(watch_vehicles, gateway),
        },
        itemwise=frozenset({"ReportFixes"}),
    )


async def report_fixes(
    gateway: Gateway, call: StreamCall, requests: AsyncIterator[pb.ReportFixesRequest]
) -> AsyncIterator[pb.ReportFixesResponse]:
    """Answer each batch, in order, once it is durable; at most a window of them waits, then reading stops."""
    answers: asyncio.Queue[asyncio.Task[pb.ReportFixesResponse] | None] = asyncio.Queue(_WINDOW)

    async def read() -> None:
        try:
            async for request in requests:
                taken = await _taken(gateway, call, request)  # one after the other: a vehicle's fixes keep their order
                await answers.put(asyncio.create_task(_answer(gateway, call, request.batch, taken)))
        except asyncio.CancelledError:
            raise  # nobody waits for an answer any more
        except Exception:
            await answers.put(None)
            raise
        await answers.put(None)

    reading = asyncio.create_task(read())
    try:
        while (answer := await answers.get()) is not None:
            yield await answer
        await reading
    finally:
        reading.cancel()
        _forget(answers)


def _forget(answers: asyncio.Queue[asyncio.Task[pb.ReportFixesResponse] | None]) -> None:
    """Whoever asked is gone: what he still waits for is durable or not, and sent again by him."""
    while not answers.empty():
        if (answer := answers.get_nowait()) is not None:
            answer.cancel()


async def _taken(gateway: Gateway, call: StreamCall, request: pb.ReportFixesRequest) -> intake.Taken:
    organisation = call.organisation
    if not gateway.is_fresh(organisation):
        await gateway.read_fleet(call)
    taken = intake.take(request, gateway.fleet(organisation), call.now())
    if taken.has_strangers and not gateway.is_fresh(organisation, with_strangers=True):
        await gateway.read_fleet(call)
        taken = intake.take(request, gateway.fleet(organisation), call.now())
    return taken


async def _answer(gateway: Gateway, call: StreamCall, batch: int, taken: intake.Taken) -> pb.ReportFixesResponse:
    """Once the batch is durable."""
    await gateway.committer.append(taken, call.organisation)  # an empty batch tells that the link is up
    return pb.ReportFixesResponse(
        batch=batch,
        accepted=len(taken.records),
        refused_count=len(taken.refused),
        refused=[
            pb.RefusedFix(
                index=index,
                reason=reason.name,
                field=path,
                text_zh=Finding(reason=reason).zh,
                text_en=Finding(reason=reason).en,
            )
            for index, reason, path in taken.refused[: intake.MOST_REFUSALS_TOLD]
        ],
    )


async def watch_vehicles(
    gateway: Gateway, call: StreamCall, requests: AsyncIterator[pb.WatchVehiclesRequest]
) -> AsyncIterator[pb.WatchVehiclesResponse]:
    """What is known of each vehicle, then what changed, once a second; a slow reader gets the newest, not all."""
    request = await anext(requests)
    wanted = frozenset(request.vehicle_ids)
    await call.run(_may_watch)
    seen, quiet_s = 0, 0.0
    live = await asyncio.get_running_loop().run_in_executor(None, lambda: gateway.live)
    fleet = watched = Watched({})
    while call.is_active():
        came, known = Watched({}), watched
        if fleet is not (fleet := await gateway.watched(call)):
            watched = fleet.only(wanted)
            came, known = watched.parted(known)
        _, news = gateway.frames.since(live, came, 0)  # who has come into sight is shown though it may not move
        seen, changes = gateway.frames.since(live, known, seen)
        messages = [*news, *changes]
        if not messages and quiet_s >= _SIGN_OF_LIFE_S:
            messages = [pb.WatchVehiclesResponse()]
        for message in messages:
            yield message
        quiet_s = 0.0 if messages else quiet_s + EVERY_S
        await asyncio.sleep(EVERY_S)


def _may_watch(call: Call) -> None:
    call.allow([Relation.JURISDICTION] if call.caller.is_authority else [Relation.OWN], subject="vehicles")
