"""Requests with one field made worse, for every field at every depth, the rest as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

TEXTS = (
    "", " ", "\0", "a\0b", "\x7f", "\u202e", "🚚" * 3000, "'; DROP TABLE waybill_waybills; --", "%", "\\u0000", "null",
    "carrier", "a" * 129, "/", "9999-99-99", "2026-02-30", "粤B12345",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
BYTES = (b"", b"\0", b"\xff" * 40, b"PK\x03\x04")
_SMALL = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_ENUM)
_LEFT_ALONE = ("request_id", "statement")
Field = Any  # a FieldDescriptor of either of the library's builds


def spoilt(message: Message, depth: int = 4) -> Iterator[Any]:
    """Each a copy of ``message``. What it leaves empty is spoilt too, from an empty beginning."""
    for field in message.DESCRIPTOR.fields:
        if field.name in _LEFT_ALONE:
            continue
        if field.message_type is None:
            for value in _values(field):
                yield _changed(message, field, value)
        elif depth:
            yield _without(message, field)
            for part in spoilt(_part(message, field), depth - 1):
                yield _changed(message, field, part)


def _part(message: Message, field: Field) -> Message:
    inner: Any = getattr(message, field.name)
    if not field.is_repeated:
        return inner
    assert field.message_type is not None
    return inner[0] if len(inner) else message_factory.GetMessageClass(field.message_type)()


def _without(message: Message, field: Field) -> Message:
    other = type(message)()
    other.CopyFrom(message)
    other.ClearField(field.name)
    return other


def _changed(message: Message, field: Field, value: Any) -> Message:
    """A list keeps its further items: the first one is spoilt, and for plain values stands twice."""
    other = _without(message, field)
    if field.is_repeated:
        rest = list(getattr(message, field.name))[1:]
        getattr(other, field.name).extend([value, *rest] if rest else [value, value])
    elif isinstance(value, Message):
        getattr(other, field.name).CopyFrom(value)
    else:
        setattr(other, field.name, value)
    return other


def _values(field: Field) -> tuple[Any, ...]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return BYTES if field.type == FieldDescriptor.TYPE_BYTES else TEXTS
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return (True, False)
    return NUMBERS[:5] if field.cpp_type in _SMALL else NUMBERS


def is_field(message: Message, path: str) -> bool:
    """Whether ``path`` (``waybill.goods[0].mass_g``) leads to a field of the message's type; an index need not be there."""
    described: Any = message.DESCRIPTOR
    for step in path.split("."):
        name, bracket, index = step.partition("[")
        field = described.fields_by_name.get(name) if described is not None else None
        if field is None or (bracket and not (field.is_repeated and index.removesuffix("]").isdigit())):
            return False
        described = field.message_type
    return True
