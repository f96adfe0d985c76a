"""What a waybill takes over from the one it follows, and whether that one ends by it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.waybill.delivery import aboard_g
from services.waybill.lifecycle import Act, next_state
from services.waybill.model import State, Succession, TakenLine, Waybill, WaybillKind

_TAKES_OVER = frozenset({WaybillKind.REFUSED_RETURN, WaybillKind.DIVERTED, WaybillKind.RESCUE})


def takes_over(waybill: Waybill) -> bool:
    """Whether it goes on with goods of the waybill it follows, and not with what is left in an emptied tank."""
    return waybill.kind in _TAKES_OVER and bool(waybill.replaces)


def is_own(waybill: Waybill, original: Waybill) -> bool:
    """Whether both are one carrier's. A waybill names another carrier's as the one it follows, but by its own word alone it
    takes nothing from it and does not end it."""
    return waybill.carrier_id == original.carrier_id


def takes_lorry(waybill: Waybill, original: Waybill, at: datetime) -> bool:
    """Whether a vehicle or tank that is still under way with the original goes on under this waybill."""
    is_under_way = original.departed_at is not None and isinstance(next_state(original.state, Act.SUCCEED), State)
    return (
        takes_over(waybill)
        and is_own(waybill, original)
        and is_under_way
        and bool(_lorry(waybill, at) & _lorry(original, at))
    )


def taken(waybill: Waybill, original: Waybill) -> tuple[TakenLine, ...]:
    """To the gram, from the original's lines of the same UN number in their order; no more than is aboard."""
    left, numbers = aboard_g(original), {line.number: line.un_number for line in original.goods}
    lines: dict[int, int] = {}
    for wanted in waybill.goods:
        rest_g = wanted.mass_g
        for number in (each for each, un_number in numbers.items() if un_number == wanted.un_number):
            part_g = min(rest_g, left[number])
            if part_g > 0:
                lines[number] = lines.get(number, 0) + part_g
                left[number] -= part_g
                rest_g -= part_g
    return tuple(TakenLine(goods_number=number, mass_g=mass_g) for number, mass_g in sorted(lines.items()))


def succeeded(original: Waybill, waybill: Waybill, at: datetime) -> Waybill:
    """The original once this waybill has departed: still under way with what is left, or completed with its lorry free."""
    lines = taken(waybill, original)
    by = Succession(waybill_id=waybill.id, number=waybill.number, kind=waybill.kind, at=at, taken=lines)
    after = replace(original, successors=(*original.successors, by))
    state = next_state(original.state, Act.SUCCEED)
    emptied = bool(lines) and not any(aboard_g(after).values())
    if not isinstance(state, State) or not (emptied or takes_lorry(waybill, original, at)):
        return after
    return replace(after, state=state, completed_at=at, unloaded_at=original.unloaded_at or at)


def ended_by(before: Waybill, after: Waybill) -> bool:
    return before.state is not after.state


def said_at(original: Waybill) -> tuple[datetime | None, ...]:
    """What happened to it before anybody takes over."""
    signed = (stop.signed_at for stop in original.stops)
    return (
        original.departed_at,
        original.arrived_at,
        original.unloaded_at,
        *signed,
        *(each.at for each in original.successors),
    )


def _lorry(waybill: Waybill, at: datetime) -> frozenset[str]:
    return frozenset(each.resource for each in waybill.assignments if each.role.kind != "person" and each.holds_at(at))
