"""The client: one connection of one organisation, which signs what it states and repeats safely what got no answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from hazway import key_record, keys, offline
from hazway.refusals import Refused, refused
from hazway.traceability.v1 import traceability_pb2 as traceability

_RETRYABLE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})
_PATIENCE_S = 30.0
_TIMEOUT_S, _TIMEOUT_OF_ONE_S = 10.0, 0.05
_OPTIONS = (
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    # Several clients of one process are several organisations: they must not share a connection.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: the certificate's files for a machine (mutual TLS), or a token for a person."""

    authority: bytes
    key: bytes = b""
    chain: bytes = b""
    token: str = ""

    @classmethod
    def read(cls, folder: Path) -> Identity:
        """From ``authority.pem``, ``key.pem`` and ``chain.pem`` in one folder."""
        authority, key, chain = ((folder / name).read_bytes() for name in ("authority.pem", "key.pem", "chain.pem"))
        return cls(authority=authority, key=key, chain=chain)


class Client:
    """Calls one server for one organisation. Safe to use from several threads.

    ``signer`` signs the organisation's statements; without one only reading works. ``now`` is the signer's clock.
    """

    def __init__(
        self,
        address: str,
        identity: Identity,
        *,
        organisation: str,
        signer: keys.Signer | None = None,
        language: str = "zh",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        credentials = grpc.ssl_channel_credentials(identity.authority, identity.key or None, identity.chain or None)
        self._channel = grpc.secure_channel(address, credentials, _OPTIONS)
        self._organisation, self._signer, self._now = organisation, signer, now
        self._metadata: tuple[tuple[str, str | bytes], ...] = (("accept-language", language),)
        if identity.token:
            self._metadata += (("authorization", f"Bearer {identity.token}"),)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def call(
        self,
        method: str,
        request: Message,
        *,
        purpose: str = "",
        timeout_s: float | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> Any:
        """Call ``hazway.<slice>.v1.<Service>/<Method>``; the answer is the method's response message.

        The request is completed as by ``complete``. A call that got no answer within ``timeout_s`` (10 s, and longer the more a
        batch holds) is repeated with the same id for ``patience_s``, so it takes effect once. Raises ``hazway.refusals.Refused``.
        """
        self.complete(method, request)
        if timeout_s is None:
            timeout_s = _TIMEOUT_S + _TIMEOUT_OF_ONE_S * len(getattr(request, "requests", ()))
        sent = self._channel.unary_unary(f"/{method}", _serialise, _response_class(method).FromString)
        metadata = self._metadata + ((("hazway-purpose-bin", purpose.encode()),) if purpose else ())
        deadline = time.monotonic() + patience_s
        wait_s = 0.05
        while True:
            try:
                return sent(request, timeout=timeout_s, metadata=metadata)
            except grpc.RpcError as error:
                refusal = refused(error)
                if refusal.code not in _RETRYABLE or time.monotonic() + wait_s > deadline:
                    raise refusal from error
            time.sleep(wait_s)
            wait_s = min(2.0, wait_s * 2)

    def complete(self, method: str, request: Any) -> None:
        """Give a request the id and statement that ``call`` would; signed now, it may be sent later (``hazway.offline``).

        Each request of a batch is completed so, for the method it would be sent to alone.
        """
        offline.complete(method, request, organisation=self._organisation, signer=self._signer, now=self._now())

    def stream(
        self, method: str, requests: Message | Iterable[Message], *, purpose: str = "", timeout_s: float | None = None
    ) -> Iterator[Any]:
        """Open a stream; what it yields are the method's response messages. Raises ``Refused`` when it breaks."""
        metadata = self._metadata + ((("hazway-purpose-bin", purpose.encode()),) if purpose else ())
        parse = _response_class(method).FromString
        if isinstance(requests, Message):
            responses = self._channel.unary_stream(f"/{method}", _serialise, parse)(
                requests, timeout=timeout_s, metadata=metadata
            )
        else:
            responses = self._channel.stream_stream(f"/{method}", _serialise, parse)(
                iter(requests), timeout=timeout_s, metadata=metadata
            )
        try:
            yield from responses
        except grpc.RpcError as error:
            raise refused(error) from error
        finally:
            responses.cancel()  # type: ignore[no-untyped-call]

    def register_key(self, signer: keys.Signer) -> traceability.RegisterKeyResponse:
        """Register ``signer`` as a key of the organisation, stated by the present one where there is one; use it from now on."""
        request = traceability.RegisterKeyRequest(
            organisation=self._organisation,
            key=signer.spki,
            alg=signer.alg,
            possession=key_record.prove_possession(signer, self._organisation),
        )
        request.valid_from.FromDatetime(self._now())
        response: traceability.RegisterKeyResponse = self.call(
            "hazway.traceability.v1.TraceabilityService/RegisterKey", request
        )
        self._signer = signer
        return response

    def register_custodial_key(self) -> traceability.RegisterKeyResponse:
        """Have the server make a key and keep it sealed, for the organisation's people, and register it like any other."""
        service = "hazway.traceability.v1.TraceabilityService"
        prepared = self.call(
            f"{service}/PrepareCustodialKey",
            traceability.PrepareCustodialKeyRequest(organisation=self._organisation),
        )
        request = traceability.RegisterKeyRequest(
            organisation=self._organisation,
            key=prepared.key,
            alg=prepared.alg,
            possession=prepared.possession,
            custodial=True,
        )
        request.valid_from.FromDatetime(self._now())
        response: traceability.RegisterKeyResponse = self.call(f"{service}/RegisterKey", request)
        return response

    def receipt(
        self, registration_digest: bytes, *, patience_s: float = _PATIENCE_S
    ) -> traceability.GetReceiptResponse:
        """The receipt of a registration, waited for until its batch is in the log."""
        request = traceability.GetReceiptRequest(registration_digest=registration_digest)
        response: traceability.GetReceiptResponse = self.call(
            "hazway.traceability.v1.TraceabilityService/GetReceipt", request, patience_s=patience_s
        )
        return response

    def export_record(
        self, subject: str, *, start: datetime | None = None, end: datetime | None = None, purpose: str = ""
    ) -> bytes:
        """The ``.hazway`` bundle of a subject such as ``waybill/<id>``, of what was registered from ``start`` up to ``end``."""
        return bytes(self.exported(subject, start=start, end=end, purpose=purpose).bundle)

    def exported(
        self, subject: str, *, start: datetime | None = None, end: datetime | None = None, purpose: str = ""
    ) -> traceability.ExportRecordResponse:
        """The bundle, and whether a quorum of the log's witnesses has cosigned it."""
        request = traceability.ExportRecordRequest(subject=subject)
        if start is not None:
            request.start_time.FromDatetime(start)
        if end is not None:
            request.end_time.FromDatetime(end)
        response: traceability.ExportRecordResponse = self.call(
            "hazway.traceability.v1.TraceabilityService/ExportRecord", request, purpose=purpose
        )
        return response


def _serialise(message: Message) -> bytes:
    return message.SerializeToString()


def _response_class(method: str) -> type[Message]:
    service, _, name = method.partition("/")
    described = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return message_factory.GetMessageClass(described.output_type)


__all__ = ["Client", "Identity", "Refused"]
