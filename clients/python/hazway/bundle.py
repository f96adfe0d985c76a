"""A ``.hazway`` file: everything needed to verify a record offline, as one deterministic CBOR map.

    format      "hazway-record/1"
    origin      the log's origin
    scope       {subject, from, to}: what was asked for; from and to in nanoseconds since 1970, or null
    subjects    [{subject, head, entries}]: the asked-for subject first, then related ones
    keys        the same for the subjects ``keys/<organisation>`` of everybody who signed
    checkpoint  the signed note with its cosignatures; every head and path is for its size
    digest      SHA-256 of the map without this field

An entry is {registration, index, path, statement, receipt}; ``statement`` is null where it is outside the period or its
body has expired, ``receipt`` where none was kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hazway import cbor
from hazway.errors import VerificationError, require

FORMAT = "hazway-record/1"
MAX_BYTES = 32 << 20
_STEP = "bundle"
_NOTHING = type(None)
_BUNDLE: dict[str, type | tuple[type, ...]] = {
    "format": str,
    "origin": str,
    "scope": dict,
    "subjects": list,
    "keys": list,
    "checkpoint": str,
    "digest": bytes,
}
_SCOPE: dict[str, type | tuple[type, ...]] = {"subject": str, "from": (int, _NOTHING), "to": (int, _NOTHING)}
_SECTION: dict[str, type | tuple[type, ...]] = {"subject": str, "head": bytes, "entries": list}
_ENTRY: dict[str, type | tuple[type, ...]] = {
    "registration": bytes,
    "index": int,
    "path": list,
    "statement": (bytes, _NOTHING),
    "receipt": (bytes, _NOTHING),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A subject, for all time or from ``start`` up to but without ``end`` (nanoseconds since 1970)."""

    subject: str
    start: int | None = None
    end: int | None = None

    def covers(self, at: int) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Entry:
    """One registration as encoded, its place in the log, and what it registered."""

    registration: bytes
    index: int
    path: tuple[bytes, ...]
    statement: bytes | None
    receipt: bytes | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The registrations of a subject in the order of ``seq``, up to its signed head."""

    subject: str
    head: bytes
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The parts of a file, unverified."""

    origin: str
    scope: Scope
    subjects: tuple[Section, ...]
    keys: tuple[Section, ...]
    checkpoint: str


def encode(bundle: Bundle) -> bytes:
    """The bytes of the file."""
    content = _content(bundle)
    data = cbor.dumps(content | {"digest": hashlib.sha256(cbor.dumps(content)).digest()})
    require(len(data) <= MAX_BYTES, _STEP, f"longer than {MAX_BYTES} bytes", f"超过 {MAX_BYTES} 字节")
    return data


def decode(data: bytes) -> tuple[Bundle, bytes]:
    """The parts, strictly read, and the digest that closes the file, which is for ``check_digest``."""
    fields = cbor.shape(cbor.loads(data, max_bytes=MAX_BYTES), _BUNDLE, _STEP)
    require(fields["format"] == FORMAT, _STEP, "not a record of this format", "不是该格式的记录")
    scope = cbor.shape(fields["scope"], _SCOPE, _STEP)
    bundle = Bundle(
        origin=fields["origin"],
        scope=Scope(scope["subject"], scope["from"], scope["to"]),
        subjects=_sections(fields["subjects"]),
        keys=_sections(fields["keys"]),
        checkpoint=fields["checkpoint"],
    )
    return bundle, fields["digest"]


def check_digest(bundle: Bundle, digest: bytes) -> None:
    """The file is as it was written, down to the parts that no signature covers."""
    same = hashlib.sha256(cbor.dumps(_content(bundle))).digest() == digest
    require(same, _STEP, "the closing digest is of another content", "结尾摘要与内容不符")


def _content(bundle: Bundle) -> dict[str, Any]:
    scope = bundle.scope
    return {
        "format": FORMAT,
        "origin": bundle.origin,
        "scope": {"subject": scope.subject, "from": scope.start, "to": scope.end},
        "subjects": [_plain(section) for section in bundle.subjects],
        "keys": [_plain(section) for section in bundle.keys],
        "checkpoint": bundle.checkpoint,
    }


def _plain(section: Section) -> dict[str, Any]:
    entries = [
        {
            "registration": entry.registration,
            "index": entry.index,
            "path": list(entry.path),
            "statement": entry.statement,
            "receipt": entry.receipt,
        }
        for entry in section.entries
    ]
    return {"subject": section.subject, "head": section.head, "entries": entries}


def _sections(values: Iterable[object]) -> tuple[Section, ...]:
    sections = []
    for value in values:
        fields = cbor.shape(value, _SECTION, _STEP)
        entries = tuple(_entry(entry) for entry in fields["entries"])
        sections.append(Section(fields["subject"], fields["head"], entries))
    return tuple(sections)


def _entry(value: object) -> Entry:
    fields = cbor.shape(value, _ENTRY, _STEP)
    path = fields["path"]
    if any(type(one) is not bytes for one in path):
        raise VerificationError(_STEP, "a path is malformed", "路径格式错误")
    return Entry(fields["registration"], fields["index"], tuple(path), fields["statement"], fields["receipt"])
