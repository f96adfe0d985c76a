"""The HTTP listener: TLS with tokens or client certificates; calls, the contract to read, and the public log."""

from __future__ import annotations

import contextlib
import json
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.console.answers import failed
from services.console.openapi import document
from services.console.page import page
from services.console.peer import PeerProtocol
from services.console.unary import Unary
from services.runtime.adapter import Adapter
from services.runtime.certificates import Credentials
from services.runtime.service import Service
from services.runtime.settings import Settings
from services.runtime.static import files_app
from services.runtime.tokens import Tokens

_KEEP_ALIVE_S = 60


def console_app(adapter: Adapter, services: Sequence[Service], tokens: Tokens) -> Starlette:
    """Everything served over HTTP beside gRPC."""
    calls = Unary(adapter, services, tokens)
    contract = document(services)
    described = json.dumps(contract, ensure_ascii=False).encode()
    explained = page(contract)

    async def openapi(_request: Request) -> Response:
        return Response(described, media_type="application/json")

    async def docs(_request: Request) -> Response:
        return HTMLResponse(
            explained, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        )

    async def home(_request: Request) -> Response:
        return RedirectResponse("/docs")

    async def call(request: Request) -> Response:
        return await calls(request)

    return Starlette(
        routes=[
            *files_app(adapter.settings.home / "public").routes,
            Route("/", home),
            Route("/openapi.json", openapi),
            Route("/docs", docs),
            Route("/{service}/{method}", call, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _not_here},
    )


async def _not_here(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return failed("unimplemented", f"{detail}：用法见 /docs calls are POSTs, see /docs", status=status)


class HttpListener(uvicorn.Server):
    """Serves the app as a part of a process that handles signals itself."""

    def __init__(self, app: Starlette, settings: Settings, credentials: Credentials) -> None:
        # uvicorn reads files; several processes may share a home, so each has its own, for as long as reading takes.
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            credentials.write(folder)
            config = uvicorn.Config(
                app,
                host=settings.host,
                port=settings.http_port,
                http=PeerProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                ssl_keyfile=folder / "key.pem",
                ssl_certfile=folder / "chain.pem",
                ssl_ca_certs=folder / "authority.pem",
                # Whoever shows a certificate must show one of the authority's; who shows none needs a token.
                ssl_cert_reqs=ssl.CERT_OPTIONAL,
            )
            config.load()
        super().__init__(config)

    @property
    def port(self) -> int:
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
