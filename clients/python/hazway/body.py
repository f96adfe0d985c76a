"""The stated body: one rule from a protobuf request to the map that its author signs, on the client and the server alike.

Field names are the keys; fields that are not set are left out; enums are their names; ``Timestamp`` is whole nanoseconds
since 1970, ``Duration`` whole nanoseconds. Left out at every depth are the fields that steer a call rather than say
something (``OMITTED``), those marked OUTPUT_ONLY, which the author cannot know, and those marked INPUT_ONLY, which are
secrets that must not stand in a record for ever (an identity number).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from hazway.errors import VerificationError

OMITTED = frozenset({"request_id", "statement", "validate_only", "etag", "update_mask"})
_FLOATS = (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE)
_UNSTATABLE = ("google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue")


def body_of(message: Message) -> dict[Any, Any]:
    """The body of a statement that makes this request. Raises ``VerificationError`` for what cannot be stated."""
    stated: dict[Any, Any] = {}
    for field, value in message.ListFields():
        if not _is_omitted(field):
            stated[field.name] = _stated(field, value)
    return stated


@cache
def _is_omitted(field: FieldDescriptor) -> bool:
    behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    unstated = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.INPUT_ONLY}
    return field.name in OMITTED or not unstated.isdisjoint(behaviours)


def _stated(field: FieldDescriptor, value: Any) -> object:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        item = field.message_type.fields_by_name["value"]
        return {_key(field, key): _stated_one(item, value[key]) for key in value}
    if field.is_repeated:
        return [_stated_one(field, item) for item in value]
    return _stated_one(field, value)


def _key(field: FieldDescriptor, key: object) -> int | str:
    if type(key) in (int, str):
        return key  # type: ignore[return-value]
    raise _cannot_be_stated(field)


def _stated_one(field: FieldDescriptor, value: Any) -> object:
    if field.cpp_type in _FLOATS:
        raise _cannot_be_stated(field)
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        if named is None:
            raise VerificationError("body", f"{field.name} has no value {value}", f"{field.name} 没有取值 {value}")
        return named.name
    if field.message_type is None:
        return value
    if field.message_type.full_name in _UNSTATABLE:
        raise _cannot_be_stated(field)
    if isinstance(value, Timestamp | Duration):
        return value.seconds * 1_000_000_000 + value.nanos
    return body_of(value)


def _cannot_be_stated(field: FieldDescriptor) -> VerificationError:
    return VerificationError("body", f"{field.full_name} cannot be stated", f"{field.full_name} 的类型不能写入声明")
