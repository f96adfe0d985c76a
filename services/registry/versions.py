"""Facts that change: every version with when it was true and when we learnt it, so that a decision can be re-derived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactVersion(Generic[Value]):
    """True in [``valid_from``, ``valid_to``), known since ``recorded_at``; a version is added, never changed.

    ``registered`` is the digest of the registration of the act that stated it, empty for none.
    """

    id: str
    subject_id: str
    value: Value
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    recorded_by: str = ""
    registered: bytes = b""


def as_of(
    versions: Iterable[FactVersion[Value]], at: datetime, known_at: datetime | None = None
) -> FactVersion[Value] | None:
    """The version that was true at ``at`` by what was known at ``known_at`` (default: all that is known).

    Of several, the one learnt last counts; of two learnt together, the one with the greater id.
    """
    candidates = (
        version
        for version in versions
        if version.valid_from <= at
        and (version.valid_to is None or at < version.valid_to)
        and (known_at is None or version.recorded_at <= known_at)
    )
    return max(candidates, key=lambda version: (version.recorded_at, version.id), default=None)


def valid_on(day: date, valid_from: date | None, valid_to: date | None) -> bool:
    """Both ends count: a document is good on its first and on its last day."""
    return (valid_from is None or valid_from <= day) and (valid_to is None or day <= valid_to)
