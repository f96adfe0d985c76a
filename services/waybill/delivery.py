"""What each consignee received and sent back, against what is aboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.errors import Finding, Reason, Severity
from services.errors.waybill.issuing import GOODS_LINE_UNKNOWN
from services.errors.waybill.under_way import (
    DELIVERY_DIFFERS,
    DELIVERY_IMPOSSIBLE,
    STOP_SIGNED,
    STOP_UNKNOWN,
    TOO_EARLY,
)
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Drop, Stop, Waybill

RULE = "WB-01"


@dataclass(frozen=True, slots=True)
class Received:
    """Grams of one goods line a consignee took and gave back."""

    delivered_g: int
    returned_g: int = 0


def check_delivery(
    waybill: Waybill, stop_number: int, received: Mapping[int, Received], at: datetime
) -> tuple[Finding, ...]:
    """``received`` is by goods line. More than is aboard is an error, another quantity than planned a warning."""
    stop = _stop(waybill, stop_number)
    act = check_act(waybill, Act.SIGN_STOP, at)
    if stop is None:
        return (*act, _finding(STOP_UNKNOWN, "stop", stop=stop_number))
    return (*act, *_faults(waybill, stop, received, at))


def _faults(waybill: Waybill, stop: Stop, received: Mapping[int, Received], at: datetime) -> Iterator[Finding]:
    if stop.signed_at is not None:
        yield _finding(STOP_SIGNED, "stop", stop=stop.number)
    if waybill.departed_at is not None and at < waybill.departed_at:
        yield _finding(TOO_EARLY, "at", before=waybill.departed_at.isoformat())
    planned = planned_g(stop)
    left = aboard_g(waybill)
    for number, quantity in sorted(received.items()):
        if number not in left:
            yield _finding(GOODS_LINE_UNKNOWN, "received", line=number)
            continue
        total = quantity.delivered_g + quantity.returned_g
        if min(quantity.delivered_g, quantity.returned_g) < 0 or total > left[number]:
            yield _finding(DELIVERY_IMPOSSIBLE, "received", line=number, aboard=left[number], total=total)
        elif planned.get(number, 0) != quantity.delivered_g:
            values = {"line": number, "planned": planned.get(number, 0), "delivered": quantity.delivered_g}
            yield replace(_finding(DELIVERY_DIFFERS, "received", **values), severity=Severity.WARNING)


def planned_g(stop: Stop) -> dict[int, int]:
    """Grams of each goods line planned for the stop, whatever compartments they are in."""
    planned: dict[int, int] = {}
    for drop in stop.drops:
        planned[drop.goods_number] = planned.get(drop.goods_number, 0) + drop.planned_g
    return planned


def aboard_g(waybill: Waybill) -> dict[int, int]:
    """Grams of each goods line still aboard: loaded (else planned) less delivered and taken over; what was given back is aboard again."""
    left = {line.number: line.carried_g for line in waybill.goods}
    for stop in waybill.stops:
        for drop in stop.drops:
            if drop.goods_number in left:
                left[drop.goods_number] -= drop.delivered_g or 0
    for number, mass_g in taken_g(waybill).items():
        if number in left:
            left[number] -= mass_g
    return left


def taken_g(waybill: Waybill, *, but: str = "") -> dict[int, int]:
    """Grams of each goods line that other waybills took over on the way, not counting the one with the id ``but``."""
    taken: dict[int, int] = {}
    for line in (line for each in waybill.successors if each.waybill_id != but for line in each.taken):
        taken[line.goods_number] = taken.get(line.goods_number, 0) + line.mass_g
    return taken


def delivered(
    waybill: Waybill, stop_number: int, received: Mapping[int, Received], signed_by: str, at: datetime
) -> Waybill:
    """The waybill with the stop signed. A line that was not planned for the stop becomes a drop of 0 g planned."""
    return replace(
        waybill,
        stops=tuple(
            _signed(stop, received, signed_by, at) if stop.number == stop_number else stop for stop in waybill.stops
        ),
    )


def _signed(stop: Stop, received: Mapping[int, Received], signed_by: str, at: datetime) -> Stop:
    """The first drop of a line takes its quantity; further compartments of the line are part of it."""
    rest = dict(received)
    drops = []
    for drop in stop.drops:
        quantity = rest.pop(drop.goods_number, Received(0))
        drops.append(replace(drop, delivered_g=quantity.delivered_g, returned_g=quantity.returned_g))
    drops += [
        Drop(goods_number=number, planned_g=0, delivered_g=quantity.delivered_g, returned_g=quantity.returned_g)
        for number, quantity in sorted(rest.items())
    ]
    return replace(stop, drops=tuple(drops), signed_by=signed_by, signed_at=at)


def _stop(waybill: Waybill, number: int) -> Stop | None:
    return next((stop for stop in waybill.stops if stop.number == number), None)


def _finding(reason: Reason, path: str, **values: object) -> Finding:
    return Finding(reason=reason, path=path, rule=RULE, values={name: str(value) for name, value in values.items()})
