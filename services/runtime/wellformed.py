"""What every request must be before any handler sees it: text that PostgreSQL can keep, and an id that can be stated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.errors import Finding
from services.errors.common import FIELD_INVALID, FIELD_MISSING

# As in a statement (hazway.statement).
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_NUL = "contains NUL 含有空字符"


def check_request(request: Message, purpose: str) -> tuple[Finding, ...]:
    """A finding for every text, at any depth, that contains NUL; PostgreSQL has no such text."""
    paths = [*_with_nul(request), *(["hazway-purpose"] if "\0" in purpose else [])]
    return tuple(_invalid(path, _NUL) for path in paths)


def check_request_id(request_id: str) -> tuple[Finding, ...]:
    """1 to 128 printable ASCII characters without spaces."""
    if not request_id:
        return (Finding(reason=FIELD_MISSING, path="request_id", values={"field": "request_id"}),)
    if not _REQUEST_ID.fullmatch(request_id):
        return (_invalid("request_id", "not 1 to 128 printable ASCII characters 应为1至128个可见ASCII字符"),)
    return ()


def _invalid(path: str, problem: str) -> Finding:
    return Finding(reason=FIELD_INVALID, path=path, values={"field": path, "problem": problem})


def _with_nul(message: Any, before: str = "") -> Iterator[str]:
    for field in _texts_in(message.DESCRIPTOR):
        value = getattr(message, field.name)
        path = f"{before}{field.name}"
        if field.is_repeated:
            for index, item in enumerate(value):
                yield from _in_one(field, item, f"{path}[{index}]")
        elif field.message_type is None or message.HasField(field.name):
            yield from _in_one(field, value, path)


def _in_one(field: FieldDescriptor, value: Any, path: str) -> Iterator[str]:
    if field.message_type is not None:
        yield from _with_nul(value, f"{path}.")
    elif "\0" in value:
        yield path


@cache
def _texts_in(message: Descriptor) -> tuple[FieldDescriptor, ...]:
    """The fields that are text or hold some, so that long lines of points are not walked. No request refers to itself."""
    return tuple(
        field
        for field in message.fields
        if field.type == FieldDescriptor.TYPE_STRING or (field.message_type and _texts_in(field.message_type))
    )
