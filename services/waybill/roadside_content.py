"""What a waybill's roadside code says: the trip now, as short as a QR code needs it, whatever the waybill holds. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import segno

from hazway import keys, roadside_code
from hazway.roadside_code import Content, Goods
from services.goods import tunnel_categories
from services.runtime.clock import legal_day
from services.runtime.plain import to_plain
from services.waybill import aboard
from services.waybill.delivery import taken_g
from services.waybill.model import GoodsLine, Role, Waybill, WaybillKind
from services.waybill.trip import Trip

# A lorry may be late by so much before its code dies; it can fetch a new one on the way.
_MARGIN = timedelta(hours=12)
# With these the longest waybill still fits the largest QR code, and an ordinary one a code of version 20.
_MOST_GOODS = 8
_MOST_LETTERS = 32
# What a code of version 20 at level M holds in alphanumeric mode is 970 characters (ISO/IEC 18004); another signature of
# the same length deflates to a few more or less.
_VERSION_20 = 955
_FEWER_LETTERS = (26, 21, 17, 14, 11, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where the revision stands: ``registered`` is the digest of its registration, leaf ``leaf`` of the log ``origin``."""

    issuer: str
    origin: str
    revision_id: str
    status_index: int
    registered: bytes
    leaf: int


def qr(code: str) -> Any:
    """The QR symbol of a code: level M, alphanumeric (about 3 % larger than bytes, and no scanner decodes it as text)."""
    return segno.make(code, error="m", mode="alphanumeric", boost_error=False)


class _Scale:
    """Signs as long as any key does, to see how large a code will be."""

    alg, kid, spki = keys.ED25519, bytes(32), b""

    def sign(self, message: bytes) -> bytes:
        return hashlib.sha512(message).digest()


def content_of(trip: Trip, recorded: Recorded) -> Content:
    """What the code of the waybill's current revision says at the trip's time. Long texts and long lists are cut short.

    One or two lines of goods always fit a code of version 20, which a phone reads at arm's length: what the paper says in
    full, names of goods and places, gives way first.
    """
    content = _whole_content(trip, recorded)
    if len(content.goods) > 2:
        return content
    shorter = (_with_fewer(content, letters) for letters in _FEWER_LETTERS)
    return next(
        (each for each in chain([content], shorter) if len(roadside_code.make(each, _Scale())) <= _VERSION_20), content
    )


def _with_fewer(content: Content, letters: int) -> Content:
    return replace(
        content,
        origin=_shorter(content.origin, letters),
        destination=_shorter(content.destination, letters),
        goods=tuple(replace(line, name=_shorter(line.name, letters)) for line in content.goods),
    )


def _shorter(text: str, letters: int) -> str:
    """How many there are of it stays."""
    name, counted = re.fullmatch(r"(.*?)(等\d+[处项])?", text, re.DOTALL).groups(default="")  # type: ignore[union-attr]
    return _cut(name, letters) + counted


def _whole_content(trip: Trip, recorded: Recorded) -> Content:
    waybill = trip.waybill
    issued_at = int(trip.at.timestamp())
    return Content(
        issuer=recorded.issuer,
        issued_at=issued_at,
        expires_at=issued_at + _lifetime_s(waybill, trip.at),
        revision_id=hashlib.sha256(recorded.revision_id.encode()).digest()[:16],
        number=_cut(waybill.number),
        revision=waybill.revision,
        state=waybill.state.name,
        tractor=_plates(trip, Role.TRACTOR),
        trailer=_plates(trip, Role.TRAILER),
        driver=_people(trip, Role.DRIVER),
        escort=_people(trip, Role.ESCORT),
        origin=_cut(waybill.origin.name) if waybill.origin else "",
        destination=_destination(waybill),
        goods=tuple(_goods(waybill)),
        net_explosive_mass_g=sum(line.net_explosive_mass_g for line in waybill.goods),
        closed_tunnels=closed_tunnels(trip),
        route=_route(waybill),
        departure=_seconds(waybill.departed_at or waybill.planned_departure),
        record=recorded.registered,
        status_index=recorded.status_index,
        log_hash=roadside_code.hash_of_origin(recorded.origin),
        leaf=recorded.leaf,
    )


def closed_tunnels(trip: Trip) -> str:
    """Letters of the tunnel categories closed to the load, also those nobody can tell of."""
    judgement = tunnel_categories(trip.load, trip.catalogue, legal_day(trip.at))
    return "".join(sorted({*judgement.forbidden, *judgement.unknown})) if trip.carries_dangerous_goods else ""


def _lifetime_s(waybill: Waybill, now: datetime) -> int:
    """Until the planned arrival and a margin, never longer than any verifier allows."""
    until = max(waybill.planned_arrival or now, now) + _MARGIN
    return min(int((until - now).total_seconds()), roadside_code.MAX_LIFETIME_S)


def _plates(trip: Trip, role: Role) -> str:
    return _cut("、".join(vehicle.plate for vehicle in aboard.vehicles(trip, role)))


def _people(trip: Trip, role: Role) -> str:
    """Names, each with the last four characters of the certificate."""
    people = aboard.people(trip, role)
    return "、".join(f"{_cut(person.name)} {aboard.certificate(person, role)[-4:]}".strip() for person in people[:2])


def _destination(waybill: Waybill) -> str:
    if len(waybill.stops) > 1:
        return f"{_cut(waybill.stops[0].place.name)}等{len(waybill.stops)}处"
    return _cut(waybill.destination.name) if waybill.destination else ""


def _goods(waybill: Waybill) -> Iterator[Goods]:
    """Line by line; of a long list lines of the same UN number and class in one, and what is still too much as a rest."""
    lines: Sequence[Sequence[GoodsLine]] = [[line] for line in waybill.goods]
    if len(lines) > _MOST_GOODS:
        kinds = dict.fromkeys((line.un_number, line.hazard_class) for line in waybill.goods)
        lines = [[line for line in waybill.goods if (line.un_number, line.hazard_class) == kind] for kind in kinds]
    if len(lines) > _MOST_GOODS:
        rest = [line for group in lines[_MOST_GOODS - 1 :] for line in group]
        lines = [*lines[: _MOST_GOODS - 1], rest]
    for group in lines:
        yield _together(waybill, group)


def _together(waybill: Waybill, lines: Sequence[GoodsLine]) -> Goods:
    """Kilograms where they are whole; how many lines there are is said of the first."""
    first = lines[0]
    mass_g = sum(_mass_g(waybill, line) for line in lines)
    quantity, unit = (mass_g, "g") if mass_g % 1000 else (mass_g // 1000, "kg")
    name = f"空车（前装）{first.name}" if waybill.kind is WaybillKind.EMPTY_RETURN else first.name
    alike = len({(line.un_number, line.hazard_class) for line in lines}) == 1
    return Goods(
        _cut(first.un_number) if alike else "",
        _cut(name) if len(lines) == 1 else f"{_cut(name)}等{len(lines)}项",
        _cut(first.hazard_class) if alike else "",
        _cut(first.packing_group) if alike else "",
        quantity,
        unit,
        sum(line.net_explosive_mass_g for line in lines),
    )


def _mass_g(waybill: Waybill, line: GoodsLine) -> int:
    """What was loaded where the loading record says so, else what was planned; less what others took over."""
    if waybill.kind is WaybillKind.EMPTY_RETURN:
        return 0
    return line.carried_g - taken_g(waybill).get(line.number, 0)


def _route(waybill: Waybill) -> bytes | None:
    """Eight bytes of a digest over the planned route as it is kept."""
    route = waybill.route
    if not route.edge_keys and not route.line:
        return None
    kept = json.dumps(to_plain(route), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(kept.encode()).digest()[:8]


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _cut(text: str, most: int = _MOST_LETTERS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
