"""The slices put together: what the api answers, what the worker does, and how each process starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from sqlalchemy.exc import DBAPIError

from services import alarms, registry, traceability, waybill
from services.alarms import service as alarms_service
from services.console.http import HttpListener, console_app
from services.loading import service as loading_service
from services.monitoring import feeders
from services.monitoring.committer import WAKE as WAKE_FIXES
from services.monitoring.gateway import Gateway
from services.monitoring.loops import loops as monitoring_loops
from services.monitoring.second_stage import WAKE as WAKE_SECOND_STAGE
from services.monitoring.second_stage import SecondStage
from services.monitoring.service import service as monitoring_service
from services.monitoring.worker import Worker
from services.monitoring.worlds import Worlds
from services.registry import service as registry_service
from services.runtime.adapter import Adapter
from services.runtime.certificates import DevelopmentAuthority
from services.runtime.host import Host, open_host
from services.runtime.listeners import Listeners
from services.runtime.loops import Loop, run_loops
from services.runtime.migrations import Migration, migrate
from services.runtime.service import Service
from services.runtime.settings import Settings
from services.runtime.static import files_app
from services.runtime.tokens import Tokens
from services.traceability import worker as record_worker
from services.traceability.genesis import begin
from services.traceability.sequencer import Sequencer
from services.traceability.service import RelatedOf, RelationsOf
from services.traceability.service import service as traceability_service
from services.waybill import service as waybill_service
from services.waybill.day_bundles import WAKE as WAKE_DAY_BUNDLE
from services.waybill.day_bundles import DayBundles
from services.waybill.handover.overdue import raise_overdue
from services.waybill.receivers.telling import tell_due
from services.zones import WAKE_ZONES
from services.zones import service as zones_service

_HEALTH_S = 1.0
PORTS_FILE = "run/api.json"


def prepare(settings: Settings) -> Sequence[Migration]:
    """Migrate, make the keys, open the log: what must be done before any process serves. Safe to repeat."""
    host = open_host(settings)
    try:
        applied = migrate(host.engine)
        keeper = traceability.keeper_of(settings)
        DevelopmentAuthority(settings.home / "authority")
        begin(host.engine, keeper, host.clock.now())
        Sequencer(host.engine, keeper, "prepare").open()
    finally:
        host.close()
    return applied


def api_services(gateway: Gateway) -> list[Service]:
    """Every service of the contract."""
    return [
        monitoring_service(gateway),
        traceability_service(_relations(), _related()),
        *registry_service.services(waybill.one_and_the_same),
        zones_service.SERVICE,
        *waybill_service.SERVICES,
        loading_service.SERVICE,
        alarms_service.SERVICE,
    ]


def worker_loops(host: Host) -> list[Loop]:
    """What one worker process does; several may run at once, on one host or many."""
    keeper = traceability.keeper_of(host.settings)
    holder = f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"
    worker = Worker(host, keeper, holder, Worlds(host.engine))
    second = SecondStage(host, keeper, holder)
    return [
        *record_worker.loops(host, holder),
        Loop("facts", 0.2, lambda: feeders.feed_facts(host.engine)),
        Loop("zones", 0.5, lambda: feeders.feed_zones(host.engine, host.clock), WAKE_ZONES),
        Loop("ticks", 0.2, lambda: feeders.feed_ticks(host.engine, host.clock, holder)),
        Loop("receivers", 0.5, lambda: tell_due(host)),
        Loop("day bundle", 1.0, DayBundles(host, holder).round, WAKE_DAY_BUNDLE),
        Loop("handovers", 1.0, lambda: raise_overdue(host)),
        *monitoring_loops(host, holder),
        Loop("escalation", 1.0, lambda: alarms.escalate_due(host.engine, host.bus, host.clock)),
        Loop("detection", 0.05, worker.round, WAKE_FIXES, worker.close),
        Loop("neighbours", 0.5, second.round, WAKE_SECOND_STAGE, second.close),
    ]


def _relations() -> dict[str, RelationsOf]:
    """What a caller has to do with whatever statements are about, asked of the slice that knows."""
    return {
        "waybill": waybill.relations,
        "consignment-list": waybill.consignment_relations,
        **registry.subject_relations,
    }


def _related() -> dict[str, RelatedOf]:
    """The trips whose records belong to that of a vehicle or an organisation; a trip and what it is carried for."""
    return {
        "vehicle": waybill.subjects_of_vehicle,
        "organisation": waybill.subjects_of_organisation,
        "waybill": waybill.subjects_of_waybill,
        "consignment-list": waybill.subjects_of_consignment_list,
    }


async def run_api(settings: Settings) -> None:
    """Serve both listeners and the public log until SIGTERM or SIGINT; tell the ports in ``run/api.json``."""
    host = open_host(settings)
    tokens = Tokens(settings.home / "keys" / "tokens.key")
    adapter = Adapter(settings, host.engine, host.bus, host.clock, registry.identify)
    credentials = DevelopmentAuthority(settings.home / "authority").issue_server(*settings.reached_at)
    gateway = Gateway(host)
    offered = api_services(gateway)
    listeners = Listeners(adapter, offered, credentials, tokens)
    await listeners.start()
    public = _public_server(settings)
    plain = HttpListener(console_app(adapter, offered, tokens), settings, credentials)
    serving = [asyncio.create_task(server.serve()) for server in (public, plain)]
    while not (public.started and plain.started):
        await asyncio.sleep(0.01)
    ports = {
        "pid": os.getpid(),
        "machine_port": listeners.machine_port,
        "people_port": listeners.people_port,
        "log_port": public.servers[0].sockets[0].getsockname()[1],
        "http_port": plain.port,
    }
    _tell(settings.home / PORTS_FILE, ports)
    watching = asyncio.create_task(_watch_health(host, listeners))
    await _until_told_to_stop()
    watching.cancel()
    await listeners.stop()
    public.should_exit = plain.should_exit = True
    await asyncio.gather(*serving)
    gateway.close()
    adapter.close()
    host.close()


async def _watch_health(host: Host, listeners: Listeners) -> None:
    """The server is well while what it acknowledges gets into the log."""
    while True:
        await listeners.tell_health(await asyncio.to_thread(_is_healthy, host))
        await asyncio.sleep(_HEALTH_S)


def _is_healthy(host: Host) -> bool:
    try:
        return record_worker.is_healthy(host)
    except DBAPIError:
        return False


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopped.set())
    host = open_host(settings)
    run_loops(worker_loops(host), host.bus, stopped)
    host.close()


class _Quiet(uvicorn.Server):
    """Leaves signals to the process it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # as in uvicorn
        yield


def _public_server(settings: Settings) -> uvicorn.Server:
    app = files_app(settings.home / "public")
    return _Quiet(
        uvicorn.Config(
            app, host=settings.host, port=settings.log_port, log_config=None, access_log=False, lifespan="off"
        )
    )


def _tell(path: Path, content: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(content), encoding="utf-8")
    scratch.replace(path)


async def _until_told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
