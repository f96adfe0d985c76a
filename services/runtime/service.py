"""How a slice offers its methods: plain functions for unary calls, async ones for streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from services.runtime.call import Call

# The concrete message types differ from method to method; the descriptor guarantees them.
Handler = Callable[[Call, Any], Message]
StreamHandler = Callable[["StreamCall", AsyncIterator[Any]], AsyncIterator[Message]]


@dataclass(frozen=True, slots=True)
class StreamCall:
    """Handed to a stream's handler: ``run`` does blocking work as one ordinary call in its own transaction."""

    organisation: str
    person: str
    run: Callable[[Callable[[Call], Any]], Awaitable[Any]]
    is_active: Callable[[], bool]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """``name`` is the full proto name; every method of it must be in ``unary`` or ``streams``.

    ``itemwise`` names streams whose requests hold many items, each of which the handler judges and answers for by itself.
    """

    name: str
    unary: Mapping[str, Handler] = field(default_factory=dict)
    streams: Mapping[str, StreamHandler] = field(default_factory=dict)
    itemwise: frozenset[str] = frozenset()

    def methods(self) -> list[MethodDescriptor]:
        """The methods the contract names. Raises ``ValueError`` when one has no handler or a handler no method."""
        described = descriptor_pool.Default().FindServiceByName(self.name).methods
        names = {method.name for method in described}
        offered = set(self.unary) | set(self.streams)
        if names != offered:
            raise ValueError(f"{self.name}: contract and handlers differ in {sorted(names ^ offered)}")
        return list(described)


def request_class(method: MethodDescriptor) -> type[Message]:
    return message_factory.GetMessageClass(method.input_type)


def response_class(method: MethodDescriptor) -> type[Message]:
    return message_factory.GetMessageClass(method.output_type)


def is_mutation(method: MethodDescriptor) -> bool:
    """A method whose request carries a ``request_id`` changes something; all others only read."""
    return "request_id" in method.input_type.fields_by_name
