"""Goods, destination or permits changed on the way: the regulator is told at once, for whoever comes to an accident must know."""

from __future__ import annotations

import hashlib

from services import alarms, traceability
from services.runtime.call import Call
from services.waybill.model import Role, Waybill
from services.waybill.revision.model import Revision

_MOST_PATHS = 20


def raise_amended(call: Call, waybill: Waybill, revision: Revision) -> None:
    """In the transaction that made the revision."""
    paths = [change.path for change in revision.changes]
    told = "、".join(paths[:_MOST_PATHS]) + ("…" if len(paths) > _MOST_PATHS else "")
    alarm = alarms.Alarm(
        id=f"amended-{hashlib.sha256(revision.id.encode()).hexdigest()[:32]}",
        kind=alarms.Kind.AMENDED_UNDER_WAY,
        vehicle_id=next(reversed(waybill.resources(Role.TRACTOR)), ""),
        carrier_id=waybill.carrier_id,
        division=waybill.origin.division_code if waybill.origin else "",
        waybill_id=waybill.id,
        occurred_at=call.now,
        evidence={"number": waybill.number, "revision": str(revision.number), "changes": told},
        text_zh=f"途中更正运单 {waybill.number} 第 {revision.number} 版：{told}",
        text_en=f"Waybill {waybill.number} was changed on the way, revision {revision.number}: {told}",
    )
    alarms.put_alarms(call.transaction, traceability.keeper_of(call.settings), [alarm], call.now)
    call.on_commit(lambda: call.bus.publish(alarms.WAKE))
