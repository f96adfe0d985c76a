"""Protobuf messages to model values and back: fields of the same name, by the model's type annotations.

Whatever a message holds, reading it raises nothing: every fault is a finding with its path, and stands as an empty value
so that the rules can look at the rest.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, get_origin

from google.api import field_behavior_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from services.errors import Finding, Findings
from services.errors.common import invalid, missing
from services.runtime.plain import hints_of, item_hints, without_none

MOST_LETTERS = 2_000
MOST_ITEMS = 1_000
# What protobuf's reader of JSON may raise for hostile values besides its own error.
UNREADABLE = (json_format.ParseError, ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError)
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Read:
    """What a message says and what is wrong with it; ``value`` can be used once there are no findings."""

    value: Any
    findings: Findings


def from_wire(model: type[Any], message: Any, path: str) -> Read:
    """The model value of a message that stands at ``path``; fields marked OUTPUT_ONLY keep the model's defaults."""
    reader = _Reader([])
    value = reader.model(model, message, path)
    return Read(value, tuple(reader.findings))


def to_wire(value: Any, message: Any) -> Any:
    """Fill ``message`` from a model value and return it."""
    fields = message.DESCRIPTOR.fields_by_name
    model: Any = type(value)
    for name, item in ((name, getattr(value, name)) for name in hints_of(model) if name in fields):
        if fields[name].is_repeated:
            _fill_list(getattr(message, name), fields[name], item)
        elif item is not None and fields[name].message_type:
            _fill(getattr(message, name), item)
        elif item is not None:
            setattr(message, name, _scalar(fields[name], item))
    return message


def time_of(message: Timestamp, path: str) -> tuple[datetime | None, Findings]:
    """The instant in a timestamp that may be unset, and what is wrong with it."""
    reader = _Reader([])
    return reader.time(message, path), tuple(reader.findings)


def day_of(message: Any, path: str) -> tuple[date | None, Findings]:
    reader = _Reader([])
    return reader.day(message, path), tuple(reader.findings)


def moment(request: Any, name: str, now: datetime) -> tuple[datetime, Findings]:
    """The instant a request gives under ``name``, now when it gives none; never ahead of the clock."""
    value, findings = time_of(getattr(request, name), name)
    if value is not None and value > now:
        return now, (*findings, invalid(name, "lies in the future 晚于当前时间"))
    return value or now, findings


def text_of(text: str, path: str, *, required: bool = False) -> Findings:
    """What is wrong with a text or an id (by the last word of its path) of a request."""
    reader = _Reader([])
    reader.text(text, path)
    return tuple(reader.findings) or ((missing(path),) if required and not text.strip() else ())


@dataclasses.dataclass(slots=True)
class _Reader:
    findings: list[Finding]

    def model(self, model: Any, message: Any, path: str) -> Any:
        steps = _steps(model, message.DESCRIPTOR)
        arguments = {step.name: self.field(step, message, f"{path}.{step.name}") for step in steps}
        try:
            return model(**arguments)
        except ValueError as error:
            return self.fault(path, str(error))

    def field(self, step: _Step, message: Any, path: str) -> Any:
        value = getattr(message, step.name)
        if step.is_repeated:
            return self.items(step.hint, step.field, value, path)
        if not step.has_presence or message.HasField(step.name):
            return self.one(step.hint, step.field, value, path, needed=step.needed)
        return self.absent(step.hint, step.field, value, path) if step.needed else None

    def absent(self, hint: Any, field: FieldDescriptor, value: Any, path: str) -> Any:
        """A stand-in for what is required and not there, without the faults of its own parts."""
        before = len(self.findings)
        stand_in = self.one(hint, field, value, path)
        self.findings[before:] = [missing(path)]
        return stand_in

    def items(self, hint: Any, field: FieldDescriptor, values: Any, path: str) -> Any:
        if len(values) > MOST_ITEMS:
            self.fault(path, f"more than {MOST_ITEMS} 过多")
            values = ()
        each = item_hints(hint, len(values))
        read = (self.one(each[index], field, value, f"{path}[{index}]") for index, value in enumerate(values))
        return get_origin(hint)(read)

    def one(self, hint: Any, field: FieldDescriptor, value: Any, path: str, *, needed: bool = True) -> Any:
        match _form(hint):
            case _Form.TEXT:
                return self.text(value, path)
            case _Form.MODEL:
                return self.model(hint, value, path)
            case _Form.ENUM:
                return self.enum(hint, field, value, path)
            case _Form.TIME:
                return self.time(value, path, needed=needed)
            case _Form.DAY:
                return self.day(value, path, needed=needed)
            case _Form.PAIR:
                return tuple(
                    self.field(step, value, f"{path}.{step.name}") for step in _pair_steps(hint, value.DESCRIPTOR)
                )
        return value

    def time(self, message: Timestamp, path: str, *, needed: bool = False) -> datetime | None:
        if message == Timestamp():
            if needed:
                self.findings.append(missing(path))
            return _EARLIEST if needed else None
        try:
            value = message.ToDatetime(UTC)
        except (ValueError, OverflowError):
            value = _LATEST
        if _EARLIEST <= value < _LATEST:
            return value
        self.fault(path, "not a time of our days 时间超出范围")
        return _EARLIEST

    def day(self, message: Any, path: str, *, needed: bool = False) -> date | None:
        if not message.iso and not needed:
            return None
        if not message.iso:
            self.findings.append(missing(path))
        elif (value := _day(message.iso)) is not None:
            return value
        else:
            self.fault(path, "write it as 2026-05-01 请写作 2026-05-01")
        return _EARLIEST.date()

    def enum(self, hint: type[Enum], field: FieldDescriptor, number: int, path: str) -> Enum:
        name = _names(field.enum_type).get(number)
        if name is None:
            self.findings.append(missing(path) if number == 0 else invalid(path, f"no value {number} 无此取值"))
        return next(iter(hint)) if name is None else hint[name]

    def text(self, text: str, path: str) -> str:
        last = path.rpartition(".")[2].partition("[")[0]
        if len(text) > MOST_LETTERS:
            self.fault(path, f"longer than {MOST_LETTERS} 过长")
        elif _CONTROL.search(text):
            self.fault(path, "control characters 含有控制字符")
        elif text and (last == "id" or last.endswith(("_id", "_ids"))) and not _ID.fullmatch(text):
            self.fault(path, "an id is 1 to 128 of A-Z a-z 0-9 . _ : - 标识格式不正确")
        else:
            return text
        return ""

    def fault(self, path: str, problem: str) -> None:
        self.findings.append(invalid(path, problem))


def _day(text: str) -> date | None:
    """A day of 1900 to 2999 written in full; ``None`` for anything else."""
    try:
        value = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
    return value if value and 1900 <= value.year < 3000 else None


class _Form(Enum):
    """How a value of a type is read."""

    TEXT, NUMBER, ENUM, TIME, DAY, PAIR, MODEL = range(7)


@dataclasses.dataclass(frozen=True, slots=True)
class _Step:
    """One field to be read: into a ``hint``, or into ``None`` as well unless it is ``needed``."""

    name: str
    hint: Any
    needed: bool
    field: FieldDescriptor
    is_repeated: bool
    has_presence: bool


@cache
def _form(hint: Any) -> _Form:
    if get_origin(hint) is tuple:
        return _Form.PAIR
    forms = {datetime: _Form.TIME, date: _Form.DAY, Enum: _Form.ENUM, str: _Form.TEXT}
    found = next((form for kind, form in forms.items() if issubclass(hint, kind)), _Form.NUMBER)
    return _Form.MODEL if dataclasses.is_dataclass(hint) else found


@cache
def _steps(model: Any, message: Descriptor) -> tuple[_Step, ...]:
    fields = message.fields_by_name
    return tuple(
        _step(hint, fields[name])
        for name, hint in hints_of(model).items()
        if name in fields and not is_output(fields[name])
    )


@cache
def _pair_steps(hint: Any, message: Descriptor) -> tuple[_Step, ...]:
    hints = item_hints(hint, len(message.fields))
    return tuple(_step(each, field) for each, field in zip(hints, message.fields, strict=True))


def _step(hint: Any, field: FieldDescriptor) -> _Step:
    plain = without_none(hint)
    return _Step(field.name, plain, plain is hint, field, field.is_repeated, field.has_presence)


@cache
def is_output(field: FieldDescriptor) -> bool:
    """Whether only the server writes it."""
    behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.OUTPUT_ONLY in behaviours


@cache
def _names(enum: EnumDescriptor) -> dict[int, str]:
    """The names of the model's enum by the numbers of the contract's, which have its name before them."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {number: value.name.removeprefix(prefix) for number, value in enum.values_by_number.items() if number}


@cache
def _numbers(enum: EnumDescriptor) -> dict[str, int]:
    return {name: number for number, name in _names(enum).items()}


def _fill_list(target: Any, field: FieldDescriptor, items: Any) -> None:
    ordered = sorted(items, key=str) if isinstance(items, frozenset) else items
    for item in ordered:
        if field.message_type:
            _fill(target.add(), item)
        else:
            target.append(_scalar(field, item))


def _fill(message: Any, value: Any) -> None:
    if isinstance(value, datetime):
        message.FromDatetime(value)
    elif isinstance(value, date):
        message.iso = value.isoformat()
    elif isinstance(value, tuple):
        for field, item in zip(message.DESCRIPTOR.fields, value, strict=True):
            _fill(getattr(message, field.name), item)
    else:
        to_wire(value, message)
        message.SetInParent()


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    return _numbers(field.enum_type)[value.name] if field.enum_type else value
