"""The Chinese text that a signer sees before signing: one line a field, whatever the body, and nothing left out.

The same body always gives the same text, and different bodies different texts: strings are escaped, numbers exact. Long
lines of points and roads are shown by count, ends and SHA-256 instead of pages of numbers. What a released edition shows
never changes; a new label or form goes into a new edition, so that old statements keep their text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hazway import cbor, wording_labels, wording_numbers, wording_values
from hazway.errors import VerificationError, require

# Lists that nobody reads item by item, once they are longer than this.
_LONG = frozenset({"line", "points", "edge_keys", "way_ids", "zone_keys"})
_READABLE_ITEMS = 6
_LEAVES = frozenset({str, int, bool, bytes, type(None)})
# What the text itself is set with.
_OURS = frozenset("\\“”〔〕：")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edition:
    """``compact`` shows days and places in one line, and long lines by their digest."""

    kinds: Mapping[str, str]
    labels: Mapping[str, str]
    number: Callable[[str, int], str]
    values: Mapping[str, str] = field(default_factory=dict)
    compact: bool = False


# Oldest first.
_EDITIONS = (
    _Edition(kinds=wording_labels.KINDS_1, labels=wording_labels.LABELS_1, number=wording_numbers.plain),
    _Edition(
        kinds=wording_labels.KINDS_2,
        labels=wording_labels.LABELS_2,
        number=wording_numbers.readable,
        values=wording_values.VALUES_2,
        compact=True,
    ),
)
EDITION = len(_EDITIONS)


def render(kind: str, body: Mapping[int | str, object], edition: int = EDITION) -> str:
    """The text for a statement of ``kind`` with this body, ending in a newline; unknown names stand as they are."""
    known = type(edition) is int and 1 <= edition <= EDITION
    require(known, "wording", f"no edition {edition}", f"没有第 {edition} 版文本")
    cbor.dumps(dict(body))  # refuses what has no place in a statement
    words = _EDITIONS[edition - 1]
    lines = [_named(kind, words.kinds), *_fields(body, words, 0)]
    return "\n".join(lines) + "\n"


def digest(kind: str, body: Mapping[int | str, object], edition: int = EDITION) -> bytes:
    """SHA-256 of the text in UTF-8: what a statement carries."""
    return hashlib.sha256(render(kind, body, edition).encode()).digest()


def find(kind: str, body: Mapping[int | str, object], text_sha256: bytes) -> str | None:
    """The text with this digest, by the newest edition that gives it; None when the signer saw some other text."""
    for edition in range(EDITION, 0, -1):
        text = render(kind, body, edition)
        if hashlib.sha256(text.encode()).digest() == text_sha256:
            return text
    return None


def _named(name: str, labels: Mapping[str, str]) -> str:
    """The label with its name, as two names may share a label."""
    label = labels.get(name)
    return _escaped(name) if label is None else f"{label}〔{name}〕"


def _fields(fields: Mapping[int | str, object], words: _Edition, depth: int) -> Iterator[str]:
    for key in sorted(fields, key=cbor.order_of):
        shown = _named(key, words.labels) if isinstance(key, str) else f"#{key}"
        yield from _value(shown, key if isinstance(key, str) else "", fields[key], words, depth)


def _value(shown: str, name: str, value: object, words: _Edition, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if type(value) in _LEAVES:
        yield f"{indent}{shown}：{_scalar(name, value, words)}"
    elif words.compact and (in_line := _in_line(name, value)) is not None:
        yield f"{indent}{shown}：{in_line}"
    elif isinstance(value, Mapping):
        yield f"{indent}{shown}：{'' if value else '（空）'}"
        yield from _fields(value, words, depth + 1)
    elif isinstance(value, list | tuple):
        yield f"{indent}{shown}：共 {len(value)} 项"
        for number, item in enumerate(value, start=1):
            yield from _value(f"第 {number} 项", name, item, words, depth + 1)
    else:
        raise VerificationError("wording", "a value cannot be shown", "取值无法显示")


def _in_line(name: str, value: object) -> str | None:
    """A day, a place or a long line, which all begin unlike any other value; None for everything else."""
    match value:
        case {"iso": str(day), **rest} if not rest:
            return f"日期“{_escaped(day)}”"
        case {"latitude_e7": int(latitude), "longitude_e7": int(longitude), **rest} if not rest:
            exact = type(latitude) is int and type(longitude) is int
            return wording_numbers.degrees(latitude, longitude) if exact else None
        case list() | tuple() if name in _LONG and len(value) > _READABLE_ITEMS:
            return _summary(value)
    return None


def _summary(items: Sequence[object]) -> str:
    first, last = (_in_line("", item) or (f"“{_escaped(item)}”" if isinstance(item, str) else "") for item in
                   (items[0], items[-1]))  # fmt: skip
    ends = f"，自 {first} 至 {last}" if first and last else ""
    return f"共 {len(items)} 项{ends}，SHA-256 {hashlib.sha256(cbor.dumps(list(items))).hexdigest()}"


def _scalar(name: str, value: object, words: _Edition) -> str:
    if value is None:
        return "（无）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return words.number(name, value)
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, str):
        # An alarm's kind and state are stated without the name of their enum.
        meaning = words.values.get(value) or words.values.get(f"{name.upper()}_{value}")
        return f"“{_escaped(value)}”" + (f"（{meaning}）" if meaning else "")
    raise VerificationError("wording", "a value cannot be shown", "取值无法显示")


def _escaped(text: str) -> str:
    """One line whatever the text: no quote of ours, no line break, nothing that turns the reading direction."""
    if text.isprintable() and _OURS.isdisjoint(text):
        return text
    return "".join(
        character if character.isprintable() and character not in _OURS else f"\\u{{{ord(character):x}}}"
        for character in text
    )
