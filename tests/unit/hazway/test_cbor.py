"""Strict CBOR: one encoding a value, nothing else read, and no input costs more than its length."""

from __future__ import annotations

import time
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazway import cbor
from hazway.errors import VerificationError

NUMBERS = st.integers(-(1 << 64), (1 << 64) - 1)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.binary(max_size=30), st.text(max_size=30))
KEYS = st.one_of(NUMBERS, st.text(max_size=30))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def slow_head(major: int, argument: int) -> bytes:
    for short, width in ((24, 0), (1 << 8, 1), (1 << 16, 2), (1 << 32, 4), (1 << 64, 8)):
        if argument < short:
            first = argument if width == 0 else {1: 24, 2: 25, 4: 26, 8: 27}[width]
            return bytes([major << 5 | first]) + (argument.to_bytes(width, "big") if width else b"")
    raise AssertionError


def slow_dumps(value: Any) -> bytes:
    """RFC 8949 section 4.2.1 by the letter, with no library."""
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return slow_head(0, value) if value >= 0 else slow_head(1, -1 - value)
    if isinstance(value, bytes):
        return slow_head(2, len(value)) + value
    if isinstance(value, str):
        return slow_head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return slow_head(4, len(value)) + b"".join(map(slow_dumps, value))
    pairs = sorted((slow_dumps(key), slow_dumps(value[key])) for key in value)
    return slow_head(5, len(pairs)) + b"".join(key + one for key, one in pairs)


@given(VALUES)
def test_a_value_has_the_encoding_of_the_rfc_and_comes_back(value: Any) -> None:
    encoded = cbor.dumps(value)
    assert encoded == slow_dumps(value)
    assert cbor.loads(encoded) == value


@given(VALUES)
def test_every_prefix_is_refused(value: Any) -> None:
    encoded = cbor.dumps(value)
    for length in range(len(encoded)):
        with pytest.raises(VerificationError):
            cbor.loads(encoded[:length])


@given(st.binary(max_size=60))
def test_whatever_is_read_is_written_the_same_again(data: bytes) -> None:
    try:
        value = cbor.loads(data)
    except VerificationError:
        return
    assert slow_dumps(value) == data


@given(st.integers(0, (1 << 64) - 1), VALUES)
def test_no_tag_is_read(number: int, value: Any) -> None:
    tagged = slow_head(6, number) + cbor.dumps(value)
    for data in (tagged, b"\x81" + tagged, b"\xa1\x00" + tagged, b"\xa1" + tagged + b"\x00"):
        with pytest.raises(VerificationError, match="cbor"):
            cbor.loads(data)


@given(VALUES, st.data())
def test_what_another_encoder_wrote_is_read_only_if_deterministic(value: Any, data: st.DataObject) -> None:
    encoded = cbor2.dumps(value)
    try:
        cbor.loads(encoded)
    except VerificationError:
        assert encoded != slow_dumps(value)
    else:
        assert encoded == slow_dumps(value)


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 1 << 64, -(1 << 64) - 1, {1.5: 0}, {b"k": 0}, {None: 0}, {True: 0}, {(1,): 0}, {1, 2},
     object(), "\ud800", {"\ud800": 1}, cbor2.CBORTag(18, []), bytearray(b"x"), {1 << 64: 0}],
)  # fmt: skip
def test_what_has_no_place_is_refused(value: object) -> None:
    for one in (value, [value], {"k": value}):
        with pytest.raises(VerificationError, match="cbor"):
            cbor.dumps(one)


def test_depth_is_limited_on_both_sides() -> None:
    deep: object = 0
    for _ in range(17):
        deep = [deep]
    with pytest.raises(VerificationError):
        cbor.dumps(deep)
    with pytest.raises(VerificationError):
        cbor.loads(b"\x81" * 100_000 + b"\x00")


def test_a_claimed_length_allocates_nothing() -> None:
    started = time.perf_counter()
    for major in (2, 3, 4, 5):
        for width, code in ((4, 26), (8, 27)):
            with pytest.raises(VerificationError):
                cbor.loads(bytes([major << 5 | code]) + b"\x7f" + b"\xff" * (width - 1))
    assert time.perf_counter() - started < 0.5


def test_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(VerificationError, match="longer"):
        cbor.loads(b"\x00" * ((1 << 20) + 1))


@pytest.mark.parametrize("value", [{}, {"a": 1, "b": b""}, {"a": True}, {"a": "1"}, [], None, {"a": 1, 2: 3}])
def test_a_shape_is_exact(value: object) -> None:
    with pytest.raises(VerificationError, match="here"):
        cbor.shape(value, {"a": int}, "here")
    assert cbor.shape({"a": 1}, {"a": int}, "here") == {"a": 1}
