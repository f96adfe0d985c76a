"""Deterministic CBOR (RFC 8949 section 4.2.1), and only the part of it that records need.

A value is null, a boolean, an integer of at most 64 bits, bytes, text, a list, or a map with text or integer keys.
Floats, tags, undefined, indefinite lengths, longer-than-needed heads, unsorted or repeated keys and trailing bytes
do not exist here: every value has one encoding, and ``loads`` accepts nothing else. What it does for hostile input is
bounded by the length of that input.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import cbor2

from hazway.errors import VerificationError, require

MAX_DEPTH = 16
MAX_BYTES = 1 << 20
_STEP = "cbor"


def dumps(value: object) -> bytes:
    """The one encoding of ``value``. Raises ``VerificationError`` for anything outside the subset."""
    try:
        return cbor2.dumps(_ordered(value, MAX_DEPTH))
    except UnicodeEncodeError:
        raise _refused("text is not valid Unicode", "文本不是有效的 Unicode") from None


def loads(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value that ``data`` is the one encoding of. Raises ``VerificationError`` for any other bytes."""
    if type(data) is not bytes:
        raise _refused("not bytes", "不是字节串")
    require(len(data) <= max_bytes, _STEP, f"longer than {max_bytes} bytes", f"超过 {max_bytes} 字节")
    try:
        value = cbor2.loads(
            data, max_depth=MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False, semantic_decoders=_NO_TAGS
        )
    except Exception as error:  # whatever a decoder trips over, the input is refused
        raise _refused("not well-formed", "格式错误") from error
    # What a lenient decoder let through (bytes after the end, long heads) does not come out the same again; keys stand in
    # the map as they were read, so their order is looked at apart.
    _check_order(value, MAX_DEPTH)
    try:
        same = cbor2.dumps(value) == data
    except UnicodeEncodeError:
        raise _refused("text is not valid Unicode", "文本不是有效的 Unicode") from None
    require(same, _STEP, "not the deterministic encoding", "不是确定性编码")
    return value


def shape(value: object, fields: Mapping[Any, type | tuple[type, ...]], step: str) -> dict[Any, Any]:
    """``value`` as a map with exactly these keys, each of exactly one of its types (so a boolean is no integer)."""
    if type(value) is not dict or value.keys() != fields.keys():
        raise VerificationError(step, f"not a map of {list(fields)}", f"不是包含 {list(fields)} 的映射")
    for key, kinds in fields.items():
        if type(value[key]) not in (kinds if isinstance(kinds, tuple) else (kinds,)):
            raise VerificationError(step, f"{key} has the wrong type", f"{key} 类型错误")
    return value


class _NoTags(dict[int, Any]):
    """Answers the decoder's question for any tag's decoder by refusing, before the tag's content is looked at."""

    def __bool__(self) -> bool:
        return True

    def get(self, tag: int, default: object = None) -> NoReturn:
        raise _refused(f"tag {tag}", f"含标签 {tag}")

    __getitem__ = get
    __contains__ = get  # type: ignore[assignment]


_NO_TAGS = _NoTags()


def _refused(problem: str, problem_zh: str) -> VerificationError:
    return VerificationError(_STEP, problem, problem_zh)


_PLAIN = frozenset({str, bytes, bool, type(None)})


def _ordered(value: object, depth: int) -> object:
    """``value`` with every map in the order of its encoded keys, and nothing outside the subset."""
    if type(value) in _PLAIN:
        return value
    if type(value) is int:
        return _checked(value)
    if depth == 0:
        raise _refused("nested too deeply", "嵌套过深")
    if isinstance(value, dict):
        return {key: _ordered(value[key], depth - 1) for key in sorted(value, key=order_of)}
    if isinstance(value, list | tuple):
        return [_ordered(item, depth - 1) for item in value]
    raise _refused(f"{type(value).__name__} has no place in a record", f"记录中不允许 {type(value).__name__}")


def _check_order(value: object, depth: int) -> None:
    """Refuse what ``_ordered`` would change or refuse, without making it anew."""
    if type(value) in _PLAIN:
        return
    if type(value) is int:
        _checked(value)
    elif depth == 0:
        raise _refused("nested too deeply", "嵌套过深")
    elif type(value) is dict:
        last: tuple[int, int, bytes] = (-1, 0, b"")
        for key, item in value.items():
            order = order_of(key)
            require(last < order, _STEP, "not the deterministic encoding", "不是确定性编码")
            last = order
            _check_order(item, depth - 1)
    elif type(value) is list:
        for item in value:
            _check_order(item, depth - 1)
    else:
        raise _refused(f"{type(value).__name__} has no place in a record", f"记录中不允许 {type(value).__name__}")


def _checked(value: int) -> int:
    if not -(1 << 64) <= value < 1 << 64:
        raise _refused("integer beyond 64 bits", "整数超出 64 位")
    return value


def order_of(key: object) -> tuple[int, int, bytes]:
    """What map keys are sorted by, so that they stand as their encodings sort."""
    return _order_of_name(key) if type(key) is str and len(key) <= _LONGEST_NAME else _key_order(key)


def _key_order(key: object) -> tuple[int, int, bytes]:
    """Sorts as the encodings do, byte by byte: major type first, then the length or number, then the text."""
    if type(key) is str:
        encoded = key.encode()
        return 3, len(encoded), encoded
    if type(key) is int and -(1 << 64) <= key < 1 << 64:
        return (0, key, b"") if key >= 0 else (1, -1 - key, b"")
    raise _refused("a map key is neither text nor integer", "映射的键既非文本也非整数")


_LONGEST_NAME = 64  # what hostile input can make us remember is bounded
_order_of_name = lru_cache(maxsize=4096)(_key_order)
