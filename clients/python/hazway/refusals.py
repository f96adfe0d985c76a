"""A refusal as the client sees it: every fault at once, in Chinese and English, with field, reason and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: ``path`` is the field, ``reason`` the stable name, the texts say what and how to mend it."""

    path: str
    reason: str
    zh: str
    en: str


class Refused(Exception):
    """The server refused; nothing was changed. ``code`` is the gRPC status, ``faults`` all that was found."""

    def __init__(self, code: grpc.StatusCode, message: str, faults: tuple[Fault, ...], count: int) -> None:
        self.code, self.message, self.faults, self.count = code, message, faults, count
        super().__init__(message if not faults else "; ".join(f"{fault.path or '-'}: {fault.en}" for fault in faults))

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(fault.reason for fault in self.faults)


def refused(error: grpc.RpcError) -> Refused:
    """The refusal in a failed call, also when it carries no details (a dead connection)."""
    code, message = error.code(), error.details() or ""
    faults: list[Fault] = []
    count = 0
    for detail in _details(error):
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            faults += [Fault(one.field, one.reason, one.localized_message.message, one.description)
                       for one in bad.field_violations]  # fmt: skip
        elif detail.Unpack(info):
            count = int(info.metadata.get("findings", "0"))
    return Refused(code, message, tuple(faults), max(count, len(faults)))


def _details(error: grpc.RpcError) -> list[Any]:
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
    except (ValueError, AttributeError):
        return []
    return [] if status is None else list(status.details)
