"""Model values as plain JSON and back, by their type annotations: how a version of a fact is kept.

Old versions are read by new code for ever: a field added later needs a default, and a name once used keeps its meaning.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def to_plain(value: Any) -> Any:
    """Dictionaries, lists, texts, whole numbers; sets sorted, so that equal values give equal JSON."""
    if dataclasses.is_dataclass(value):
        model: Any = type(value)
        return {name: to_plain(getattr(value, name)) for name in hints_of(model)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted((to_plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def to_json(value: Any) -> str:
    """``to_plain`` as the text of a JSON column."""
    return json.dumps(to_plain(value), ensure_ascii=False)


def from_plain(hint: Any, data: Any) -> Any:
    """The value of the annotated type ``hint`` that ``to_plain`` wrote."""
    return None if data is None else _reader(hint)(data)


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """``from_plain`` for one type, looked at once: a hundred thousand zones are read when a worker starts."""
    hint = without_none(hint)
    if origin := get_origin(hint):
        items = get_args(hint)
        if origin is tuple and Ellipsis not in items:
            return lambda data: tuple(from_plain(each, item) for each, item in zip(items, data, strict=True))
        return lambda data: origin([from_plain(items[0], item) for item in data])
    if dataclasses.is_dataclass(hint):
        model: Any = hint
        fields = hints_of(model)
        return lambda data: model(**{name: from_plain(fields[name], data[name]) for name in fields if name in data})
    if issubclass(hint, Enum):
        return lambda data: hint[data]
    return (lambda data: hint.fromisoformat(data)) if issubclass(hint, date) else lambda data: data


@cache
def hints_of(model: Any) -> Mapping[str, Any]:
    """The fields of a model class and their annotated types."""
    hints = get_type_hints(model)
    return {each.name: hints[each.name] for each in dataclasses.fields(model)}


def without_none(hint: Any) -> Any:
    """``date`` from ``date | None``; anything else as it is."""
    if get_origin(hint) in (Union, UnionType):
        return next(each for each in get_args(hint) if each is not NoneType)
    return hint


def item_hints(hint: Any, count: int) -> list[Any]:
    """The type of each of ``count`` items of a ``tuple[X, ...]``, ``frozenset[X]`` or ``tuple[X, Y]``."""
    arguments = get_args(hint)
    is_pair = get_origin(hint) is tuple and Ellipsis not in arguments
    return list(arguments) if is_pair else [arguments[0]] * count
