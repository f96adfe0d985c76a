"""Model values as plain JSON and back, by their type annotations: how a version of a fact is kept.

Old versions are read by new code for ever: a field added later needs a default, and a name once used keeps its meaning.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
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
    if data is None:
        return None
    hint = without_none(hint)
    if origin := get_origin(hint):
        return origin(from_plain(each, item) for each, item in zip(item_hints(hint, len(data)), data, strict=True))
    if dataclasses.is_dataclass(hint):
        return hint(**_arguments(hint, data))  # type: ignore[operator]  # a class, not an instance
    if issubclass(hint, Enum):
        return hint[data]
    if issubclass(hint, date):
        return hint.fromisoformat(data)
    return data


def _arguments(hint: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: from_plain(each, data[name]) for name, each in hints_of(hint).items() if name in data}


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
