"""A change of an issued waybill: what it changes, who must sign it and who has. Plain values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class RevisionState(Enum):
    OPEN = "OPEN"
    MADE = "MADE"
    REVERTED = "REVERTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One changed field: its path (``goods[1].mass_g``), and the value before and after, as text ("" for none)."""

    path: str
    before: str
    after: str


class Signer(Enum):
    CONSIGNOR = "CONSIGNOR"
    CARRIER = "CARRIER"
    LOADER = "LOADER"
    CREW = "CREW"
    CONSIGNEE = "CONSIGNEE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A proposed change to an issued waybill; open until every required signer has signed it, or it is reverted."""

    id: str
    waybill_id: str
    number: int
    author: str
    reason: str
    at: datetime
    changes: tuple[FieldChange, ...]
    required: frozenset[Signer]
    signed: frozenset[Signer] = frozenset()
    state: RevisionState = RevisionState.OPEN
