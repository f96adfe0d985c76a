"""JSON to a message of the contract (protobuf's JSON mapping): whatever is wrong is told all at once, field by field.

Names are those of the protos (``waybill_id``) or their camelCase forms; a name the contract does not know is refused,
for a field that was misspelt is one that was not said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from services.errors import Finding, Refusal
from services.errors.common import invalid
from services.runtime.wire import UNREADABLE

MOST_DEPTH = 32
MOST_FAULTS = 200
_EXPECTED = {
    FieldDescriptor.CPPTYPE_INT32: "a whole number of 32 bits 应为32位整数",
    FieldDescriptor.CPPTYPE_UINT32: "a whole number of 32 bits, not negative 应为非负整数",
    FieldDescriptor.CPPTYPE_INT64: "a whole number of 64 bits, as text or number 应为64位整数",
    FieldDescriptor.CPPTYPE_UINT64: "a whole number of 64 bits, not negative 应为非负整数",
    FieldDescriptor.CPPTYPE_BOOL: "true or false 应为布尔值",
    FieldDescriptor.CPPTYPE_STRING: "text 应为文本",
}
_WELL_KNOWN = {
    "google.protobuf.Timestamp": "a time such as 2026-11-02T08:00:00+08:00 应为时间",
    "google.protobuf.Duration": "a duration such as 3.5s 应为时长",
    "google.protobuf.FieldMask": "field names joined by commas 应为字段名",
}


def read_json(message_class: type[Message], content: bytes) -> Message:
    """Raises a refusal FIELD_INVALID with every fault that was found (at most ``MOST_FAULTS``)."""
    value = _decoded(content)
    message = message_class()
    try:
        json_format.ParseDict(value, message, max_recursion_depth=MOST_DEPTH)
    except UNREADABLE as error:
        faults = tuple(islice(_faults(message.DESCRIPTOR, value, "", 0), MOST_FAULTS))
        raise Refusal(faults or (_fault("", f"cannot be read 无法解析: {str(error)[:200]}"),)) from None
    return message


def read_proto(message_class: type[Message], content: bytes) -> Message:
    """The message in its binary form. Raises a refusal FIELD_INVALID."""
    try:
        return message_class.FromString(content)
    except DecodeError:
        raise Refusal((_fault("", "not a message of this contract 无法解析"),)) from None


def write_json(message: Message) -> bytes:
    """Whole numbers of 64 bits are text, bytes are base64, unset fields are left out; names as in the protos."""
    value = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _decoded(content: bytes) -> Any:
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        if b"\\u" in content:
            # Half a surrogate pair can be written in JSON, and is no text for protobuf.
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except RecursionError:
        raise Refusal((_fault("", f"nested deeper than {MOST_DEPTH} 嵌套过深"),)) from None
    except ValueError as error:
        raise Refusal((_fault("", f"not JSON 不是有效的JSON: {str(error)[:200]}"),)) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a name stands twice in one object 字段重复")
    return read


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _faults(described: Any, value: Any, path: str, depth: int) -> Iterator[Finding]:
    if depth > MOST_DEPTH:
        yield _fault(path, f"nested deeper than {MOST_DEPTH} 嵌套过深")
        return
    if not isinstance(value, dict):
        yield _fault(path, "an object is expected 应为对象")
        return
    fields = {name: field for field in described.fields for name in (field.json_name, field.name)}
    seen: set[str] = set()
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            yield _fault(_below(path, name[:100]), f"{described.name} has no such field 没有此字段")
        elif field.name in seen:
            yield _fault(_below(path, field.name), "given twice 字段重复")
        elif item is not None:
            seen.add(field.name)
            yield from _faults_of_field(field, item, _below(path, field.name), depth)


def _faults_of_field(field: FieldDescriptor, item: Any, path: str, depth: int) -> Iterator[Finding]:
    if field.is_repeated and not _is_map(field):
        if not isinstance(item, list):
            yield _fault(path, "a list is expected 应为数组")
            return
        for index, each in enumerate(item):
            yield from _faults_of_one(field, each, f"{path}[{index}]", depth)
    else:
        yield from _faults_of_one(field, item, path, depth)


def _faults_of_one(field: FieldDescriptor, item: Any, path: str, depth: int) -> Iterator[Finding]:
    kind = field.message_type
    if kind is not None and not _is_map(field) and not kind.full_name.startswith("google.protobuf."):
        yield from _faults(kind, item, path, depth + 1)
        return
    owner: Any = field.containing_type
    probe = message_factory.GetMessageClass(owner)()
    try:
        json_format.ParseDict({field.name: [item] if field.is_repeated and not _is_map(field) else item}, probe)
    except UNREADABLE:
        yield _fault(path, _expected(field))


def _expected(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        names = ", ".join(value.name for value in field.enum_type.values if value.number)
        return f"one of 应为其一: {names[:600]}"
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name, "an object is expected 应为对象")
    if field.type == FieldDescriptor.TYPE_BYTES:
        return "bytes in base64 应为base64"
    return _EXPECTED.get(field.cpp_type, "of another type 类型不符")


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _below(path: str, name: str) -> str:
    # A lone surrogate would travel no further than here.
    name = name.encode("utf-8", "replace").decode()
    return f"{path}.{name}" if path else name


def _fault(path: str, problem: str) -> Finding:
    return invalid(path, problem.encode("utf-8", "replace").decode(), field=path or "request 请求")
