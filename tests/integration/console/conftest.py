"""The HTTP listener beside a real server, and clients of it: one by certificate, one by token."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format

from hazway import body, ids, keys, statement
from hazway.acts import ACTS
from services import assembly, registry
from services.console.http import HttpListener, console_app
from services.monitoring.gateway import Gateway
from services.runtime.adapter import Adapter
from services.runtime.tokens import Tokens
from tests.cast import WAYBILL, Cast, play
from tests.world import World, running_world


@dataclass
class Web:
    """``fleet`` makes a client with the organisation's certificate, ``person`` one with a token."""

    cast: Cast
    port: int
    tokens: Tokens
    folder: Path
    signers: dict[str, keys.Signer] = field(default_factory=dict)
    _opened: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def world(self) -> World:
        return self.cast.world

    def client(self, **options: Any) -> httpx.Client:
        self._opened.append(httpx.Client(base_url=self.url, timeout=20, **options))
        return self._opened[-1]

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.world.authority.pem.decode())

    def fleet(self, organisation: str, person: str = "") -> httpx.Client:
        folder = self.folder / f"{organisation}-{person}"
        self.world.authority.issue(organisation, person).write(folder)
        trust = self.trust()
        trust.load_cert_chain(folder / "chain.pem", folder / "key.pem")
        return self.client(verify=trust)

    def person(self, organisation: str, person: str) -> httpx.Client:
        token, _ = self.tokens.issue(organisation, person, datetime.now(UTC))
        return self.client(verify=self.trust(), headers={"Authorization": f"Bearer {token}"})

    def signed(self, organisation: str, method: str, request: Any) -> dict[str, Any]:
        """The request as JSON, with the statement that the Python client would make for it."""
        path = method if "/" in method else f"{WAYBILL}/{method}"
        request.request_id = request.request_id or ids.new_id()
        act = ACTS[path]
        request.statement = statement.make(
            self.signers[organisation], issuer=organisation, subject=act.subject(request), kind=act.kind,
            request_id=request.request_id, body=body.body_of(request), issued_at=self.world.clock.now(),
        )  # fmt: skip
        return json_format.MessageToDict(request, preserving_proto_field_name=True)

    def sign_for(self, organisation: str) -> None:
        """Register a key that ``signed`` signs with."""
        self.signers[organisation] = keys.generate()
        self.cast.clients[organisation].register_key(self.signers[organisation])

    def close(self) -> None:
        for client in self._opened:
            client.close()


def post(client: httpx.Client, method: str, content: Any, **options: Any) -> httpx.Response:
    path = method if "/" in method else f"{WAYBILL}/{method}"
    headers = httpx.Headers({"Content-Type": "application/json"})
    headers.update(options.pop("headers", {}))
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(f"/{path}", content=raw, headers=headers, **options)


@pytest.fixture
def web(tmp_path: Path, migrated_database_url: str, redis_url: str) -> Iterator[Web]:
    with running_world(tmp_path / "home", migrated_database_url, redis_url) as world:
        yield from served(world, tmp_path)


def served(world: World, folder: Path) -> Iterator[Web]:
    settings = world.host.settings
    tokens = Tokens(settings.home / "keys" / "tokens.key")
    adapter = Adapter(settings, world.host.engine, world.host.bus, world.clock, registry.identify)
    gateway = Gateway(world.host)
    app = console_app(adapter, assembly.api_services(gateway), tokens)
    listener = HttpListener(app, settings, world.authority.issue_server(settings.host))
    thread = threading.Thread(target=lambda: asyncio.run(listener.serve()), name="http")
    thread.start()
    while not listener.started:
        thread.join(0.01)
    web = Web(play(world), listener.port, tokens, folder / "clients")
    try:
        yield web
    finally:
        web.close()
        listener.should_exit = True
        thread.join()
        gateway.close()
        adapter.close()
