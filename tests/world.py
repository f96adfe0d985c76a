"""A real server in this process: both listeners on free ports over a migrated database, and clients with certificates."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hazway import keys
from hazway.client import Client, Identity
from services import assembly, registry, traceability
from services.monitoring.gateway import Gateway
from services.runtime.adapter import Adapter
from services.runtime.certificates import DevelopmentAuthority
from services.runtime.clock import HandClock
from services.runtime.host import Host, open_host, scale_clock
from services.runtime.listeners import Listeners
from services.runtime.loops import Loop
from services.runtime.settings import Settings
from services.runtime.tokens import Tokens


@dataclass
class World:
    """``settle`` does what the worker would do now. The clock moves only when told to."""

    host: Host
    clock: HandClock
    listeners: Listeners
    authority: DevelopmentAuthority
    loops: list[Loop]
    _clients: list[Client] = field(default_factory=list)

    def client(
        self, organisation: str, *, person: str = "", signer: keys.Signer | None = None, language: str = "zh"
    ) -> Client:
        issued = self.authority.issue(organisation, person)
        identity = Identity(authority=issued.authority, key=issued.key, chain=issued.chain)
        client = Client(
            f"localhost:{self.listeners.machine_port}",
            identity,
            organisation=organisation,
            signer=signer,
            language=language,
            now=self.clock.now,
        )
        self._clients.append(client)
        return client

    @property
    def operator(self) -> Client:
        return self.client(traceability.OPERATOR, signer=traceability.keeper_of(self.host.settings).operator)

    def settle(self, rounds: int = 3) -> None:
        for _ in range(rounds):
            for loop in self.loops:
                while loop.body():
                    pass

    def close(self) -> None:
        for client in self._clients:
            client.close()


@contextmanager
def running_world(
    home: Path,
    database_url: str,
    redis_url: str,
    *,
    at: datetime = datetime(2026, 11, 2, 0, 0, tzinfo=UTC),
    before: Callable[[Host], None] = lambda _host: None,
    **options: Any,
) -> Iterator[World]:
    """Serve until the block ends. ``before`` may put things into the database before anybody calls; ``options`` are
    further settings."""
    settings = Settings(home=home, database_url=database_url, redis_url=redis_url, pool=8, **options)
    scale_clock(home, at, 0.0)  # the keys of this home are as old as its clock
    assembly.prepare(settings)
    clock = HandClock(at)
    opened = open_host(settings)
    host = Host(settings, opened.engine, opened.bus, clock)
    before(host)
    authority = DevelopmentAuthority(home / "authority")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="api")
    thread.start()
    adapter = Adapter(settings, host.engine, host.bus, clock, registry.identify)

    gateway = Gateway(host)

    async def start() -> Listeners:
        listeners = Listeners(
            adapter,
            assembly.api_services(gateway),
            authority.issue_server(settings.host),
            Tokens(home / "keys" / "tokens.key"),
        )
        await listeners.start()
        return listeners

    listeners = asyncio.run_coroutine_threadsafe(start(), loop).result()
    world = World(host, clock, listeners, authority, assembly.worker_loops(host))
    try:
        yield world
    finally:
        world.close()
        asyncio.run_coroutine_threadsafe(listeners.stop(0.2), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        gateway.close()
        adapter.close()
        host.close()
