"""A log to measure: embedded PostgreSQL in a folder of its own, an api and a worker as processes of their own.

The api offers one stated act twice: as it is (``record``), and emptied of everything but the committed transaction.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hazway import body, ids, statement
from hazway.client import Client, Identity
from hazway.traceability.v1 import traceability_pb2 as pb
from hazway.types.v1 import types_pb2 as types
from services import registry, traceability
from services.runtime import embedded
from services.runtime.access import Relation, Role
from services.runtime.adapter import Adapter
from services.runtime.call import Call, Caller, Language
from services.runtime.certificates import DevelopmentAuthority
from services.runtime.host import Host, open_host
from services.runtime.listeners import Listeners
from services.runtime.loops import run_loops
from services.runtime.migrations import migrate
from services.runtime.service import Service
from services.runtime.settings import Settings
from services.runtime.tokens import Tokens
from services.traceability import service as traceability_service
from services.traceability import worker
from services.traceability.genesis import begin
from services.traceability.sequencer import Sequencer

SERVICE = "hazway.traceability.v1.TraceabilityService"
METHOD = f"{SERVICE}/SetLegalHold"
CPUS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class House:
    settings: Settings
    host: Host


@contextmanager
def house() -> Iterator[House]:
    """A migrated database with a log begun, durable as in service, and Redis."""
    with tempfile.TemporaryDirectory(prefix="hazway-bench-") as folder:
        home = Path(folder)
        started = [embedded.postgres.start(home), embedded.redis.start(home)]
        try:
            settings = Settings(home=home, database_url=started[0].url, redis_url=started[1].url, pool=8)
            host = open_host(settings)
            migrate(host.engine)
            keeper = traceability.keeper_of(settings)
            begin(host.engine, keeper, host.clock.now())
            Sequencer(host.engine, keeper, "prepare").open()
            yield House(settings, host)
            host.close()
        finally:
            for server in reversed(started):
                server.stop()


def requests(count: int, settings: Settings) -> list[pb.SetLegalHoldRequest]:
    """Signed beforehand, each about a subject of its own."""
    signer = traceability.keeper_of(settings).operator
    now = datetime.now(UTC)
    made = []
    for _ in range(count):
        request = pb.SetLegalHoldRequest(
            request_id=ids.new_id(), subject=f"waybill/{ids.new_id()}", held=True, reason="（2026）查字第7号 事故调查"
        )
        request.statement = statement.make(
            signer, issuer=traceability.OPERATOR, subject=request.subject, kind="record.hold",
            request_id=request.request_id, body=body.body_of(request), issued_at=now,
        )  # fmt: skip
        made.append(request)
    return made


def call_of(built: House, connection: Any, request_id: str = "bench") -> Call:
    """As the adapter would make it."""
    caller = Caller(traceability.OPERATOR, roles=frozenset({Role.OPERATOR}))
    return Call(
        method=METHOD, caller=caller, request_id=request_id, language=Language.CHINESE, purpose="", deadline=None,
        now=datetime.now(UTC), clock=built.host.clock, settings=built.settings, transaction=connection, bus=built.host.bus,
    )  # fmt: skip


def _stated(call: Call, request: Any) -> pb.SetLegalHoldResponse:
    call.allow([Relation.ANY])
    return pb.SetLegalHoldResponse(registered=traceability.record(call, request).to_wire(), held=True)


def _empty(call: Call, _request: Any) -> pb.SetLegalHoldResponse:
    call.allow([Relation.ANY])
    return pb.SetLegalHoldResponse(registered=types.Registered(digest=bytes(32), subject="x", seq=1), held=True)


def serve_api(settings: Settings, act: str) -> None:
    """An api whose one act is ``stated`` or ``empty``; says its port and serves until it is told to stop."""
    real = traceability_service.service({})
    unary = {**real.unary, "SetLegalHold": _stated if act == "stated" else _empty}
    host = open_host(settings)

    async def serve() -> None:
        adapter = Adapter(settings, host.engine, host.bus, host.clock, registry.identify)
        authority = DevelopmentAuthority(settings.home / "authority")
        tokens = Tokens(settings.home / "keys" / "tokens.key")
        listeners = Listeners(
            adapter, [Service(name=SERVICE, unary=unary)], authority.issue_server("127.0.0.1"), tokens
        )
        await listeners.start()
        print(json.dumps({"port": listeners.machine_port}), flush=True)
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        await told.wait()
        await listeners.stop(0.1)

    asyncio.run(serve())


def serve_worker(settings: Settings) -> None:
    """The record's loops and nothing else."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
    host = open_host(settings)
    print(json.dumps({"ready": True}), flush=True)
    run_loops(worker.loops(host, f"bench-{os.getpid()}"), host.bus, told)


@contextmanager
def process(built: House, *role: str) -> Iterator[dict[str, Any]]:
    """``api stated``, ``api empty`` or ``worker`` as a process; what it said of itself."""
    settings = built.settings
    arguments = [str(settings.home), settings.database_url, settings.redis_url, *role]
    child = subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()


def client(built: House, port: int) -> Client:
    issued = DevelopmentAuthority(built.settings.home / "authority").issue(traceability.OPERATOR)
    identity = Identity(authority=issued.authority, key=issued.key, chain=issued.chain)
    return Client(f"localhost:{port}", identity, organisation=traceability.OPERATOR)


def wait_for_log(built: House) -> None:
    """Until nothing waits for a leaf."""
    from services.traceability import log_store

    while True:
        with built.host.engine.connect() as connection:
            if not log_store.waiting(connection, 1):
                return
        time.sleep(0.01)


def tell(name: str, value: float | int | None = None, **more: object) -> None:
    """One JSON line, with how busy the machine was."""
    line = {"bench": name} | ({} if value is None else {"value": value}) | more
    print(json.dumps(line | {"load": round(os.getloadavg()[0], 1)}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    _home, _database, _redis, _role, *_act = sys.argv[1:]
    _settings = Settings(home=Path(_home), database_url=_database, redis_url=_redis, pool=8)
    if _role == "api":
        serve_api(_settings, _act[0])
    else:
        serve_worker(_settings)
