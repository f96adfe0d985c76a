"""Exchanging driver, escort, tractor, trailer or tank: signed by carrier and new crew, consignor and loader are not asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.errors import Finding, Reason
from services.errors.waybill.under_way import ALREADY_ASSIGNED, NOT_ASSIGNED, REASON_NEEDED, TOO_EARLY
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Assignment, Role, Waybill
from services.waybill.trip import ROLE_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """``incoming_id`` takes the place of ``outgoing_id`` in ``role``; an empty outgoing adds somebody to the crew."""

    role: Role
    incoming_id: str
    outgoing_id: str = ""
    reason: str = ""
    approved_by: str = ""


def aboard(waybill: Waybill, role: Role, at: datetime) -> tuple[str, ...]:
    """Ids of those who hold the role at ``at``."""
    return tuple(each.resource_id for each in waybill.assignments if each.role is role and each.holds_at(at))


def check_swap(waybill: Waybill, swap: Swap, at: datetime) -> tuple[Finding, ...]:
    """Whether the swap is possible; whether the new crew or vehicle may carry the goods is for ``check_content``."""
    return (*check_act(waybill, Act.REASSIGN, at), *_faults(waybill, swap, at))


def _faults(waybill: Waybill, swap: Swap, at: datetime) -> Iterator[Finding]:
    now = aboard(waybill, swap.role, at)
    if swap.outgoing_id and swap.outgoing_id not in now:
        yield _finding(NOT_ASSIGNED, "swap.outgoing_id", swap, swap.outgoing_id, at)
    if swap.incoming_id in now:
        yield _finding(ALREADY_ASSIGNED, "swap.incoming_id", swap, swap.incoming_id, at)
    if not swap.reason.strip():
        yield _finding(REASON_NEEDED, "swap.reason", swap, "", at)
    if waybill.departed_at is not None and at < waybill.departed_at:
        values = {"before": waybill.departed_at.isoformat()}
        yield Finding(reason=TOO_EARLY, path="at", rule="WB-12", values=values)


def _finding(reason: Reason, path: str, swap: Swap, resource_id: str, at: datetime) -> Finding:
    zh, en = ROLE_WORDS[swap.role]
    values = {"id": resource_id, "role": zh, "role_en": en}
    return Finding(reason=reason, path=path, rule="WB-12", basis=basis_on("WB-12", legal_day(at)), values=values)


def swapped(waybill: Waybill, swap: Swap, at: datetime) -> Waybill:
    """The waybill after the swap. Before the departure the outgoing one was never on the trip; afterwards it stays on record."""
    departed = waybill.departed_at is not None
    new = Assignment(
        role=swap.role, resource_id=swap.incoming_id, from_at=at if departed else None,
        reason=swap.reason, approved_by=swap.approved_by,
    )  # fmt: skip
    kept = []
    for each in waybill.assignments:
        leaves = each.role is swap.role and each.resource_id == swap.outgoing_id
        if not leaves or (each.to_at is not None and each.to_at <= at):
            kept.append(each)
        elif departed:
            kept.append(replace(each, to_at=at))
    return replace(waybill, assignments=(*kept, new))
