"""Amending an issued waybill: what changed field by field, who must sign it, whether the loader's clearance survives.

One revision is open at a time. What was signed is never rewritten: a made revision is a new revision of the waybill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from services.errors import Finding, Reason
from services.errors.waybill.revision import FIELD_IMMUTABLE, REVISION_EMPTY, REVISION_OPEN, SIGNER_NOT_REQUIRED
from services.errors.waybill.under_way import REASON_NEEDED
from services.registry.model import ExternalRef
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import State, Waybill
from services.waybill.revision.model import FieldChange, Revision, RevisionState, Signer


@dataclass(frozen=True, slots=True)
class Matter:
    """What changing a field asks for: signers, whether it undoes a clearance, whether a regulator hears of it on the way."""

    signers: frozenset[Signer]
    voids_clearance: bool = False
    alerts_regulator: bool = False


_CARRIER = frozenset({Signer.CARRIER})
_BOTH = frozenset({Signer.CONSIGNOR, Signer.CARRIER})

# Numbers of the waybill in other systems are only added to: what those systems say of it is theirs to change.
_REFERENCES = "external_refs"

MATTERS: Mapping[str, Matter] = {
    "goods": Matter(_BOTH | {Signer.LOADER}, voids_clearance=True, alerts_regulator=True),
    "loader": Matter(_BOTH | {Signer.LOADER}, voids_clearance=True),
    "origin": Matter(_BOTH | {Signer.LOADER}, voids_clearance=True),
    "consignee": Matter(_BOTH, alerts_regulator=True),
    "destination": Matter(_BOTH, alerts_regulator=True),
    "stops": Matter(_BOTH),
    "assignments": Matter(_CARRIER | {Signer.CREW}, voids_clearance=True),
    "permit_numbers": Matter(_BOTH, voids_clearance=True, alerts_regulator=True),
    "purposes": Matter(_BOTH, alerts_regulator=True),
    "consignment_list_ids": Matter(_BOTH),
    "emergency_phone": Matter(_BOTH),
    "precautions": Matter(_BOTH),
    "emergency_measures": Matter(_BOTH),
    "route": Matter(_CARRIER),
    "urban_distribution": Matter(_CARRIER),
    "planned_loading": Matter(_CARRIER),
    "planned_departure": Matter(_CARRIER),
    "planned_arrival": Matter(_CARRIER),
    "dispatcher": Matter(_CARRIER),
    "dispatched_at": Matter(_CARRIER),
    "remarks": Matter(_CARRIER),
    _REFERENCES: Matter(_CARRIER),
}

# What makes it another waybill.
IMMUTABLE = frozenset(
    {"id", "number", "kind", "consignor", "carrier", "replaces", "authority", "issued_at", "issued_offline_at"}
)
# What acts of their own write; an amendment that carries other values for them does not change them.
WRITTEN_BY_ACTS = frozenset(
    {
        "state", "revision", "under_correction", "departed_at", "arrived_at", "unloaded_at",
        "completed_at", "void_reason", "successors",
    }
)  # fmt: skip

# What the loading record says was loaded, and what a consignee said he received.
_SAID_BY_LOADER = ".actual_mass_g"
_SAID_BY_CONSIGNEE = (".delivered_g", ".returned_g")

_DEPARTED = frozenset({State.IN_TRANSIT, State.ARRIVED, State.COMPLETED})


@dataclass(frozen=True, slots=True)
class Amendment:
    """``findings`` with an error among them mean that the amendment is not possible."""

    changes: tuple[FieldChange, ...]
    required: frozenset[Signer]
    voids_clearance: bool
    alerts_regulator: bool
    findings: tuple[Finding, ...] = ()


def check_amendment(
    old: Waybill, new: Waybill, *, reason: str, at: datetime, open_revision: Revision | None = None
) -> Amendment:
    """Judge changing ``old`` into ``new``. A change on the way asks consignor and loader no more than the table says.

    Before departure everything that voids the clearance voids it; after departure there is none left to void, the
    loader is not asked again, and what matters to those who come to an accident is told to the regulator.
    """
    further = further_references(old, new)
    changes = (
        *diff(old, new),
        *(FieldChange(path=_REFERENCES, before="", after=f"{each.system} {each.number}") for each in further),
    )
    matters = {change: MATTERS[head] for change in changes if (head := _head(change.path)) in MATTERS}
    departed = old.state in _DEPARTED
    required = frozenset(signer for matter in matters.values() for signer in matter.signers)
    if old.state is not State.LOADED:
        required -= {Signer.LOADER}
    if any(change.path.endswith(_SAID_BY_CONSIGNEE) for change in changes):
        required |= {Signer.CONSIGNEE}
    return Amendment(
        changes,
        required,
        voids_clearance=not departed and any(matter.voids_clearance for matter in matters.values()),
        alerts_regulator=departed and any(matter.alerts_regulator for matter in matters.values()),
        findings=tuple(_faults(old, changes, reason, at, open_revision)),
    )


def _faults(
    old: Waybill, changes: tuple[FieldChange, ...], reason: str, at: datetime, open_revision: Revision | None
) -> Iterator[Finding]:
    yield from check_act(old, Act.AMEND, at)
    if not reason.strip():
        yield _finding(REASON_NEEDED, "reason", at)
    if not changes:
        yield _finding(REVISION_EMPTY, "waybill", at)
    if open_revision is not None and open_revision.state is RevisionState.OPEN:
        values = {"revision": str(open_revision.number), "author": open_revision.author}
        yield _finding(REVISION_OPEN, "waybill.under_correction", at, values)
    for change in changes:
        if _head(change.path) in IMMUTABLE or _is_signed(change.path):
            yield _finding(FIELD_IMMUTABLE, f"waybill.{change.path}", at, {"field": change.path})


def _is_signed(path: str) -> bool:
    """What a consignee signed for at a stop, and when, is his statement and nobody's to amend."""
    return path.startswith("stops[") and path.endswith((".signed_by", ".signed_at"))


def _finding(reason: Reason, path: str, at: datetime, values: Mapping[str, str] | None = None) -> Finding:
    return Finding(reason=reason, path=path, rule="WB-12", basis=basis_on("WB-12", legal_day(at)), values=values or {})


def _head(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def diff(old: Waybill, new: Waybill) -> Iterator[FieldChange]:
    """Every stated field that differs, by path, in the order of the form."""
    before, after = dict(_flat(old)), dict(_flat(new))
    for path in dict.fromkeys((*before, *after)):
        if _head(path) in (*WRITTEN_BY_ACTS, _REFERENCES) or path.endswith(_SAID_BY_LOADER):
            continue
        if before.get(path, "") != after.get(path, ""):
            yield FieldChange(path=path, before=before.get(path, ""), after=after.get(path, ""))


def further_references(old: Waybill, new: Waybill) -> tuple[ExternalRef, ...]:
    """The numbers in other systems that ``new`` gives and ``old`` has not."""
    known = {(each.system, each.number) for each in old.external_refs}
    return tuple(
        {
            (each.system, each.number): each for each in new.external_refs if (each.system, each.number) not in known
        }.values()
    )


def _flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every leaf; an empty or absent one is the empty text, so that both count as the same."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _flat(getattr(value, each.name), f"{path}.{each.name}" if path else each.name)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    elif isinstance(value, Enum):
        yield path, str(value.value)
    elif isinstance(value, datetime):
        yield path, value.astimezone(UTC).isoformat()
    else:
        yield path, "" if value is None else str(value)


def sign(revision: Revision, signer: Signer) -> Revision | tuple[Finding, ...]:
    """The revision with one signature more; MADE once all are there. Signing twice changes nothing."""
    if revision.state is not RevisionState.OPEN or signer not in revision.required:
        return (Finding(reason=SIGNER_NOT_REQUIRED, path="signer", rule="WB-12", values={"signer": signer.value}),)
    signed = revision.signed | {signer}
    return replace(
        revision, signed=signed, state=RevisionState.MADE if signed >= revision.required else RevisionState.OPEN
    )


def revert(revision: Revision) -> Revision:
    """An open revision taken back; one that was made stays made."""
    return replace(revision, state=RevisionState.REVERTED) if revision.state is RevisionState.OPEN else revision
