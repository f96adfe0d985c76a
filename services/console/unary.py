"""``POST /<service>/<method>``: a unary call as plain HTTP, through the same adapter and handlers as over gRPC.

It is the unary part of the Connect protocol: ``application/json`` or ``application/proto``, ``Connect-Timeout-Ms``,
errors as JSON. Who calls is told by a bearer token or by the client's certificate. A purpose (查询事由) stands in
``Hazway-Purpose``, percent-encoded where it is not ASCII.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from google.protobuf.message import Message
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.console.answers import JSON, failed, refused
from services.console.peer import peer_uris
from services.console.reading import read_json, read_proto, write_json
from services.errors import Finding, Refusal
from services.errors.common import NOT_AUTHENTICATED, invalid
from services.runtime.adapter import Adapter, Asked
from services.runtime.call import Language
from services.runtime.certificates import names_in
from services.runtime.service import Handler, Service, request_class, response_class
from services.runtime.tokens import Tokens

PROTO = "application/proto"
MOST_BYTES = 8 * 1024 * 1024
_PATIENCE_S = 30.0
# Larger messages are read and written on another thread, so that small calls need not wait for them.
_LARGE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Method:
    """One unary method of the contract."""

    path: str
    handler: Handler
    request: type[Message]
    response: type[Message]


def methods_of(services: Sequence[Service]) -> Mapping[str, Method]:
    """Every unary method by its path; streams are for gRPC."""
    return {
        f"{service.name}/{method.name}": Method(
            f"{service.name}/{method.name}", service.unary[method.name], request_class(method), response_class(method)
        )
        for service in services
        for method in service.methods()
        if method.name in service.unary
    }


class Unary:
    """Answers POSTs; nothing a client sends makes it fail."""

    def __init__(self, adapter: Adapter, services: Sequence[Service], tokens: Tokens) -> None:
        self._adapter, self._tokens, self._methods = adapter, tokens, methods_of(services)

    async def __call__(self, request: Request) -> Response:
        method = self._methods.get(f"{request.path_params['service']}/{request.path_params['method']}")
        if method is None:
            return failed("unimplemented", "无此方法，或它是数据流 no such method, or it is a stream", status=404)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (JSON, PROTO):
            response = failed("invalid_argument", f"请求头应为 expected Content-Type: {JSON} | {PROTO}", status=415)
            response.headers["Accept-Post"] = f"{JSON}, {PROTO}"
            return response
        if request.headers.get("content-encoding", "identity") != "identity":
            return failed("unimplemented", "不支持压缩 compressed requests are not read")
        try:
            return await self._answer(method, request, kind)
        except Refusal as refusal:
            return refused(refusal)
        except TimeoutError:
            return failed("deadline_exceeded", "请求未完整到达 the request did not arrive in time", status=408)
        except ClientDisconnect:
            return failed("canceled", "客户端已断开 the client went away")

    async def _answer(self, method: Method, request: Request, kind: str) -> Response:
        asked = self._asked(method, request)
        async with asyncio.timeout(_PATIENCE_S):
            content = await _body(request)
        read = read_json if kind == JSON else read_proto
        message = await _apart(len(content), lambda: read(method.request, content))
        answer = await self._adapter.unary(asked, method.handler, message, method.response)
        write: Callable[[Message], bytes] = write_json if kind == JSON else _write_proto
        return Response(await _apart(answer.ByteSize(), lambda: write(answer)), media_type=kind)

    def _asked(self, method: Method, request: Request) -> Asked:
        """Raises a refusal NOT_AUTHENTICATED before anything of the body is read."""
        names = self._names(request)
        if names is None:
            raise Refusal((Finding(reason=NOT_AUTHENTICATED),))
        english = request.headers.get("accept-language", "").lower().startswith("en")
        return Asked(
            method=method.path,
            organisation=names[0],
            person=names[1],
            language=Language.ENGLISH if english else Language.CHINESE,
            purpose=unquote(request.headers.get("hazway-purpose", "").encode("latin-1").decode("utf-8", "replace")),
            deadline=_deadline(request.headers.get("connect-timeout-ms", "")),
        )

    def _names(self, request: Request) -> tuple[str, str] | None:
        """By the token where one is sent, else by the certificate."""
        authorization = request.headers.get("authorization", "")
        if authorization:
            scheme, _, token = authorization.partition(" ")
            return self._tokens.read(token.strip(), datetime.now(UTC)) if scheme.lower() == "bearer" else None
        return next((names for uri in peer_uris(request.scope) if (names := names_in(uri))), None)


async def _body(request: Request) -> bytes:
    """Raises a refusal FIELD_INVALID as soon as it is too long."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise Refusal((invalid("", f"larger than {MOST_BYTES} bytes 过大", field="request 请求"),))
    return bytes(content)


async def _apart(size: int, work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work) if size > _LARGE_BYTES else work()


def _deadline(milliseconds: str) -> datetime | None:
    """Raises a refusal FIELD_INVALID for what is no whole number of at most ten digits."""
    if not milliseconds:
        return None
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) <= 10):
        raise Refusal((invalid("Connect-Timeout-Ms", "not 1 to 10 digits 应为1至10位数字"),))
    return datetime.now(UTC) + timedelta(milliseconds=int(milliseconds))


def _write_proto(message: Message) -> bytes:
    return message.SerializeToString()
