"""HTTP/1.1 that tells the application whose certificate the client showed; uvicorn by itself keeps that to the socket."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

EXTENSION = "hazway.peer"


class PeerProtocol(H11Protocol):
    """Puts the SAN URIs of the verified client certificate into ``scope["extensions"]``; none without one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        certificate: dict[str, Any] = transport.get_extra_info("peercert") or {}
        uris = tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI")
        self.app: Any = _telling(self.app, uris)


def _telling(app: Any, uris: tuple[str, ...]) -> ASGIApp:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), EXTENSION: uris}
        await app(scope, receive, send)

    return told


def peer_uris(scope: Scope) -> tuple[str, ...]:
    """The SAN URIs of the client's certificate."""
    uris: tuple[str, ...] = scope.get("extensions", {}).get(EXTENSION, ())
    return uris
