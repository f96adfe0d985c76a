"""What every request is before any handler sees it: text that can be kept, choices that are known, times that are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.errors import Findings
from services.errors.common import invalid, missing

# As in a statement (hazway.statement).
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
# Of the years 1 to 9999, as google.protobuf.Timestamp promises.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_NUL = "contains NUL 含有空字符"
_UNKNOWN = "not a value of this contract 没有此取值"
_NO_TIME = "not a time of the years 1 to 9999 不是有效时间"
_TIMESTAMP = "google.protobuf.Timestamp"


def check_request(request: Message, purpose: str) -> Findings:
    """A finding for every text with NUL, which PostgreSQL has not, every choice that the contract does not know, and every
    time that is none, at any depth; and for a negative page size (AIP-158)."""
    found = [invalid(path, problem) for path, problem in _faults(request)]
    if getattr(request, "page_size", 0) < 0:
        found.append(invalid("page_size", "negative 不能为负"))
    return (*found, *check_purpose(purpose))


def check_purpose(purpose: str) -> Findings:
    return (invalid("hazway-purpose", _NUL),) if "\0" in purpose else ()


def check_request_id(request_id: str) -> Findings:
    """1 to 128 printable ASCII characters without spaces."""
    if not request_id:
        return (missing("request_id"),)
    if not _REQUEST_ID.fullmatch(request_id):
        return (invalid("request_id", "not 1 to 128 printable ASCII characters 应为1至128个可见ASCII字符"),)
    return ()


def _faults(message: Any, before: str = "") -> Iterator[tuple[str, str]]:
    for field in _worth_a_look(message.DESCRIPTOR):
        value = getattr(message, field.name)
        path = f"{before}{field.name}"
        if field.is_repeated:
            for index, item in enumerate(value):
                yield from _faults_in_one(field, item, f"{path}[{index}]")
        elif field.message_type is None or message.HasField(field.name):
            yield from _faults_in_one(field, value, path)


def _faults_in_one(field: FieldDescriptor, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if field.message_type is not None:
        if field.message_type.full_name != _TIMESTAMP:
            yield from _faults(value, f"{path}.")
        elif not (_FIRST_SECOND <= value.seconds <= _LAST_SECOND and 0 <= value.nanos < 1_000_000_000):
            yield path, _NO_TIME
    elif field.enum_type is not None:
        if value not in field.enum_type.values_by_number:
            yield path, _UNKNOWN
    elif "\0" in value:
        yield path, _NUL


@cache
def _worth_a_look(message: Descriptor) -> tuple[FieldDescriptor, ...]:
    """The fields that can be wrong or hold some, so that long lines of points are not walked. No request holds itself."""
    return tuple(
        field
        for field in message.fields
        if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_ENUM)
        or (field.message_type and (field.message_type.full_name == _TIMESTAMP or _worth_a_look(field.message_type)))
    )
