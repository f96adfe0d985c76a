"""The two gRPC listeners: mutual TLS for machines, TLS with short-lived tokens for people; health and reflection."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.errors import Finding, Refusal, refuse
from services.errors.common import INTERNAL, NOT_AUTHENTICATED, invalid
from services.runtime.adapter import Adapter, Asked
from services.runtime.call import Call, Language
from services.runtime.certificates import Credentials, names_in
from services.runtime.refusals import to_status
from services.runtime.service import Handler, Service, StreamCall, StreamHandler, request_class, response_class
from services.runtime.tokens import Tokens
from services.runtime.wellformed import check_purpose, check_request

_log = logging.getLogger("hazway.listeners")
_MOST_MESSAGE_BYTES = 4 * 1024 * 1024
_OPTIONS = (
    ("grpc.max_receive_message_length", _MOST_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)

Names = tuple[str, str]
Authenticate = Callable[[aio.ServicerContext[Any, Any]], Names | None]


class Listeners:
    """Offers the services on both listeners through the one adapter."""

    def __init__(self, adapter: Adapter, services: Sequence[Service], credentials: Credentials, tokens: Tokens) -> None:
        self._adapter = adapter
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs forget it
        pair = [(credentials.key, credentials.chain)]
        self._machines = self._server(services, by_certificate)
        self._people = self._server(services, lambda context: by_token(context, tokens))
        settings = adapter.settings
        self.machine_port = self._machines.add_secure_port(
            f"{settings.host}:{settings.machine_port}",
            grpc.ssl_server_credentials(pair, credentials.authority, require_client_auth=True),
        )
        self.people_port = self._people.add_secure_port(
            f"{settings.host}:{settings.people_port}", grpc.ssl_server_credentials(pair)
        )

    async def start(self) -> None:
        await self._machines.start()
        await self._people.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    async def tell_health(self, is_healthy: bool) -> None:
        """What the health service answers from now on."""
        status = health_pb2.HealthCheckResponse
        await self._health.set("", status.SERVING if is_healthy else status.NOT_SERVING)

    async def stop(self, grace_s: float = 2.0) -> None:
        await self._health.enter_graceful_shutdown()
        await self._machines.stop(grace_s)
        await self._people.stop(grace_s)

    def _server(self, services: Sequence[Service], authenticate: Authenticate) -> aio.Server:
        server = aio.server(options=_OPTIONS)
        for service in services:
            handlers = {method.name: _Method(self._adapter, service, method, authenticate).handler()
                        for method in service.methods()}  # fmt: skip
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.name, handlers),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [service.name for service in services]
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        return server


class _Method:
    """One method of the contract on one listener."""

    def __init__(
        self, adapter: Adapter, service: Service, method: MethodDescriptor, authenticate: Authenticate
    ) -> None:
        self._adapter, self._service, self._method, self._authenticate = adapter, service, method, authenticate
        self._path = f"{service.name}/{method.name}"

    def handler(self) -> grpc.RpcMethodHandler[Any, Any]:
        kind = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[self._method.client_streaming, self._method.server_streaming]
        streams = self._method.client_streaming or self._method.server_streaming
        behaviour = self._stream if streams else self._unary
        return kind(
            behaviour, request_deserializer=_parser(request_class(self._method)), response_serializer=_serialise
        )

    async def _unary(self, request: Message | None, context: aio.ServicerContext[Any, Any]) -> Message:
        handler: Handler = self._service.unary[self._method.name]
        try:
            asked = self._asked(context)
            if request is None:
                raise Refusal((_unreadable(),))
            return await self._adapter.unary(asked, handler, request, response_class(self._method))
        except Refusal as refusal:
            await _abort(context, refusal)
            raise

    async def _stream(self, request: Any, context: aio.ServicerContext[Any, Any]) -> AsyncIterator[Message]:
        handler: StreamHandler = self._service.streams[self._method.name]
        try:
            asked = self._asked(context)

            async def run(work: Callable[[Call], Any]) -> Any:
                return await self._adapter.run(asked, work)

            requests = self._wellformed(request if self._method.client_streaming else _one(request), asked.purpose)
            is_active, now = lambda: not context.done(), self._adapter.clock.now
            call = StreamCall(asked.organisation, asked.person, run, is_active, now)
            async for response in handler(call, requests):
                yield response
        except Refusal as refusal:
            await _abort(context, refusal)
        except aio.AbortError:
            raise
        except Exception:
            error_id = secrets.token_hex(8)
            _log.exception("stream failed", extra={"method": self._path, "error_id": error_id})
            await _abort(context, Refusal((Finding(reason=INTERNAL, values={"error_id": error_id}),)))

    async def _wellformed(self, requests: AsyncIterator[Any], purpose: str) -> AsyncIterator[Message]:
        """The requests of a stream up to the first that is not as every request is; what is judged item by item is let through."""
        is_itemwise = self._method.name in self._service.itemwise
        async for request in requests:
            if request is None:
                raise Refusal((_unreadable(),))
            refuse(check_purpose(purpose) if is_itemwise else check_request(request, purpose))
            yield request

    def _asked(self, context: aio.ServicerContext[Any, Any]) -> Asked:
        names = self._authenticate(context)
        if names is None:
            raise Refusal((Finding(reason=NOT_AUTHENTICATED),))
        metadata: Mapping[str, Any] = dict(context.invocation_metadata() or ())
        remaining = context.time_remaining()
        return Asked(
            method=self._path,
            organisation=names[0],
            person=names[1],
            language=Language.ENGLISH
            if str(metadata.get("accept-language", "")).startswith("en")
            else Language.CHINESE,
            purpose=_text(metadata.get("hazway-purpose-bin") or metadata.get("hazway-purpose", "")),
            deadline=None if remaining is None or remaining > 1e9 else datetime.now(UTC) + timedelta(seconds=remaining),
        )


def by_certificate(context: aio.ServicerContext[Any, Any]) -> Names | None:
    """The organisation and person in the client certificate's SAN URI."""
    for value in context.auth_context().get("x509_subject_alternative_name", ()):
        if names := names_in(value.decode("utf-8", "replace")):
            return names
    return None


def by_token(context: aio.ServicerContext[Any, Any], tokens: Tokens) -> Names | None:
    """The organisation and person in the ``authorization: Bearer`` token."""
    metadata = dict(context.invocation_metadata() or ())
    scheme, _, token = str(metadata.get("authorization", "")).partition(" ")
    return tokens.read(token, datetime.now(UTC)) if scheme.lower() == "bearer" else None


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _parser(message_class: type[Message]) -> Callable[[bytes], Message | None]:
    def parse(raw: bytes) -> Message | None:
        try:
            return message_class.FromString(raw)
        except DecodeError:
            return None  # answered as a refusal: a raise in here would reach the client as a bare INTERNAL

    return parse


def _serialise(message: Message) -> bytes:
    return message.SerializeToString()


async def _one(request: Message) -> AsyncIterator[Message]:
    yield request


def _unreadable() -> Finding:
    return invalid("", "not a message of this contract 无法解析", field="request 请求")


async def _abort(context: aio.ServicerContext[Any, Any], refusal: Refusal) -> Any:
    status = to_status(refusal)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    await context.abort(code, status.message, (("grpc-status-details-bin", status.SerializeToString()),))
