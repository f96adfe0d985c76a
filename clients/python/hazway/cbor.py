"""Deterministic CBOR (RFC 8949 section 4.2.1), and only the part of it that records need.

A value is null, a boolean, an integer of at most 64 bits, bytes, text, a list, or a map with text or integer keys.
Floats, tags, undefined, indefinite lengths, longer-than-needed heads, unsorted or repeated keys and trailing bytes
do not exist here: every value has one encoding, and ``loads`` accepts nothing else. What it does for hostile input is
bounded by the length of that input, and by the limits given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cbor2

from hazway.errors import VerificationError, require

MAX_DEPTH = 16
MAX_BYTES = 1 << 20
MAX_ITEMS = 100_000
_STEP = "cbor"
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}


def dumps(value: object) -> bytes:
    """The one encoding of ``value``. Raises ``VerificationError`` for anything outside the subset."""
    try:
        return cbor2.dumps(_ordered(value, MAX_DEPTH))
    except UnicodeEncodeError:
        raise _refused("text is not valid Unicode", "文本不是有效的 Unicode") from None


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS, max_depth: int = MAX_DEPTH) -> Any:
    """The value that ``data`` is the one encoding of. Raises ``VerificationError`` for any other bytes."""
    if type(data) is not bytes:
        raise _refused("not bytes", "不是字节串")
    require(len(data) <= max_bytes, _STEP, f"longer than {max_bytes} bytes", f"超过 {max_bytes} 字节")
    reader = _Reader(data, max_items)
    value = reader.value(max_depth)
    require(reader.at == len(data), _STEP, "bytes after the end", "末尾有多余字节")
    # The reader is strict by itself; encoding again by other code means that one fault alone lets nothing through.
    require(dumps(value) == data, _STEP, "not the deterministic encoding", "不是确定性编码")
    return value


def shape(value: object, fields: Mapping[Any, type | tuple[type, ...]], step: str) -> dict[Any, Any]:
    """``value`` as a map with exactly these keys, each of exactly one of its types (so a boolean is no integer)."""
    if type(value) is not dict or value.keys() != fields.keys():
        raise VerificationError(step, f"not a map of {list(fields)}", f"不是包含 {list(fields)} 的映射")
    for key, kinds in fields.items():
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        require(type(value[key]) in allowed, step, f"{key} has the wrong type", f"{key} 类型错误")
    return value


def _refused(problem: str, problem_zh: str) -> VerificationError:
    return VerificationError(_STEP, problem, problem_zh)


def _ordered(value: object, depth: int) -> object:
    """``value`` with every map in the order of its encoded keys, and nothing outside the subset."""
    if value is None or type(value) in (bool, bytes, str):
        return value
    if type(value) is int:
        require(-(1 << 64) <= value < 1 << 64, _STEP, "integer beyond 64 bits", "整数超出 64 位")
        return value
    require(depth > 0, _STEP, "nested too deeply", "嵌套过深")
    if isinstance(value, list | tuple):
        return [_ordered(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {key: _ordered(value[key], depth - 1) for key in sorted(value, key=_encoded_key)}
    raise _refused(f"{type(value).__name__} has no place in a record", f"记录中不允许 {type(value).__name__}")


def _encoded_key(key: object) -> bytes:
    if type(key) not in (int, str):
        raise _refused("a map key is neither text nor integer", "映射的键既非文本也非整数")
    _ordered(key, 0)
    return cbor2.dumps(key)


class _Reader:
    """Reads strict items from left to right; ``at`` only grows, and never past the end."""

    def __init__(self, data: bytes, max_items: int) -> None:
        self._data = data
        self._items_left = max_items
        self.at = 0

    def value(self, depth: int) -> Any:
        self._items_left -= 1
        require(self._items_left >= 0, _STEP, "too many items", "条目过多")
        first = self._take(1)[0]
        major = first >> 5
        if major == 7:
            if first not in _SIMPLE:
                raise _refused("float, undefined or unknown simple value", "含浮点数、undefined 或未知简单值")
            return _SIMPLE[first]
        argument = self._argument(first & 0x1F)
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self._take(argument)
        if major == 3:
            return self._text(argument)
        if major == 6:
            raise _refused("a tag", "含标签")
        require(depth > 0, _STEP, "nested too deeply", "嵌套过深")
        return self._list(argument, depth - 1) if major == 4 else self._map(argument, depth - 1)

    def _take(self, count: int) -> bytes:
        end = self.at + count
        require(end <= len(self._data), _STEP, "ends too early", "数据不完整")
        taken = self._data[self.at : end]
        self.at = end
        return taken

    def _argument(self, short: int) -> int:
        if short < 24:
            return short
        require(short < 28, _STEP, "indefinite or reserved length", "不定长或保留长度")
        width = 1 << (short - 24)
        argument = int.from_bytes(self._take(width), "big")
        shortest = 24 if width == 1 else 1 << (4 * width)
        require(argument >= shortest, _STEP, "a number is longer than needed", "数字编码不是最短形式")
        return argument

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise _refused("text is not UTF-8", "文本不是 UTF-8") from None

    def _room_for(self, items: int) -> None:
        """Refuse a count that the bytes left cannot hold, before anything is made for it."""
        require(items <= len(self._data) - self.at, _STEP, "ends too early", "数据不完整")

    def _list(self, length: int, depth: int) -> list[Any]:
        self._room_for(length)
        return [self.value(depth) for _ in range(length)]

    def _map(self, length: int, depth: int) -> dict[Any, Any]:
        self._room_for(2 * length)
        found: dict[Any, Any] = {}
        before = b""
        for _ in range(length):
            start = self.at
            key = self.value(0)
            if type(key) not in (int, str):
                raise _refused("a map key is neither text nor integer", "映射的键既非文本也非整数")
            encoded = self._data[start : self.at]
            require(encoded > before, _STEP, "map keys repeated or out of order", "映射的键重复或无序")
            before = encoded
            found[key] = self.value(depth)
        return found
