"""Drawing on consignment lists, for those who issue, amend and void waybills."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from services.errors import Finding, Refusal, refuse
from services.errors.waybill.consignment import ORDER_EXCEEDED
from services.runtime.call import Call
from services.waybill.consignment import draws_store, store
from services.waybill.consignment.allotment import Allotment, allot
from services.waybill.consignment.model import ConsignmentList, Draw, ListState
from services.waybill.model import Waybill


def hold(call: Call, waybills: Iterable[Waybill]) -> None:
    """Nobody else draws on the lists these waybills name until the transaction ends."""
    named = {list_id for each in waybills for list_id in each.consignment_list_ids}
    if named:
        store.hold(call.transaction, named)


def allotted(call: Call, waybill: Waybill) -> Allotment:
    """What the waybill would draw now, and what forbids it; its own earlier draws remain to it."""
    return allot(waybill, _lists(call, waybill) if waybill.consignment_list_ids else {}, call.now)


def _lists(call: Call, waybill: Waybill) -> dict[str, ConsignmentList]:
    """As this waybill may draw on them: of a withdrawn list what it has drawn already, and no more."""
    lists = store.find_all(call.transaction, waybill.consignment_list_ids, but=waybill.id)
    withdrawn = [each.id for each in lists.values() if each.state is ListState.WITHDRAWN]
    for each in store.find_all(call.transaction, withdrawn).values() if withdrawn else ():
        others = {line.number: line.drawn_g for line in lists[each.id].lines}
        own = tuple(replace(line, mass_g=line.drawn_g, drawn_g=others[line.number]) for line in each.lines)
        if any(line.remaining_g for line in own):
            lists[each.id] = replace(each, state=ListState.PART_ALLOTTED, lines=own)
    return lists


def decision(draws: Collection[Draw]) -> dict[str, Any]:
    """What the registration of a waybill keeps of them; nothing for one without."""
    kept = [
        {"list": each.list_id, "line": each.line_number, "goods": each.goods_number, "mass_g": each.mass_g}
        for each in draws
    ]
    return {"draws": kept} if kept else {}


def keep(call: Call, waybill_id: str, draws: Collection[Draw]) -> None:
    """The waybill, which draws nothing yet, draws these. Raises a refusal ORDER_EXCEEDED when somebody else was faster."""
    if not draws:
        return
    try:
        draws_store.draw(call.transaction, waybill_id, draws)
    except draws_store.Overdrawn:
        values = {"line": "-", "left": "-", "mass": str(sum(each.mass_g for each in draws))}
        raise Refusal((Finding(reason=ORDER_EXCEEDED, path="waybill.goods", rule="CL-05", values=values),)) from None


def release(call: Call, waybill_id: str) -> None:
    """What a void waybill drew remains to be carried again."""
    draws_store.release(call.transaction, waybill_id)


def amended(call: Call, before: Waybill, after: Waybill) -> Allotment | None:
    """What a changed waybill would draw instead; ``None`` where the change leaves goods and lists as they were."""
    if _drawing(before) == _drawing(after):
        return None
    hold(call, (before, after))
    return allotted(call, after)


def redraw(call: Call, before: Waybill, after: Waybill) -> None:
    """The waybill draws what it carries from now on. Raises a refusal with all that forbids it."""
    allotment = amended(call, before, after)
    if allotment is not None:
        refuse(allotment.findings)
        release(call, after.id)
        keep(call, after.id, allotment.draws)


def _drawing(waybill: Waybill) -> tuple[object, ...]:
    """All that draws depend on; what was loaded in the end is not."""
    return waybill.consignment_list_ids, tuple(replace(line, actual_mass_g=None) for line in waybill.goods)
