"""What a lorry shows at the roadside and what an inspector carries: codes, the day's bundle, and the look-up by plate."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import segno

from hazway import day_bundle, roadside_code
from hazway.day_bundle import DayBundle
from hazway.roadside_code import Content, Goods
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, refuse
from services.errors.waybill import NOT_IN_THIS_STATE
from services.goods import tunnel_categories
from services.registry.identifiers import normalise_plate
from services.registry.plain import to_plain
from services.registry.relations import division_prefix, oversees
from services.registry.versions import legal_day
from services.registry.wire import text_of
from services.runtime.access import Relation
from services.runtime.call import Call
from services.traceability.places import leaf_of, newest_checkpoint
from services.waybill import aboard, roadside_keys, status_list, store
from services.waybill.facts import catalogue_of, known_of
from services.waybill.home_province import province_of
from services.waybill.model import GoodsLine, Role, State, Waybill, WaybillKind
from services.waybill.reads import readable
from services.waybill.store import Search
from services.waybill.trip import Trip
from services.waybill.wire import shown

LIVE = (State.ISSUED, State.LOADED, State.IN_TRANSIT, State.ARRIVED)
# A lorry may be late by so much before its code dies; it can fetch a new one on the way.
_MARGIN = timedelta(hours=12)
_MOST_PLATES = 10
_QUIET_ZONE = 4


def get_roadside_code(call: Call, request: Any) -> pb.GetRoadsideCodeResponse:
    """Refused for a waybill that does not live (any more), and while its registration waits for its leaf."""
    kept = readable(call, request.waybill_id)
    content = content_of(call, kept.waybill)
    code = roadside_code.make(content, roadside_keys.signer_at(call.settings.home, call.now))
    made = qr(code)
    response = pb.GetRoadsideCodeResponse(
        code=code, qr_version=int(made.version), qr_svg=made.svg_inline(border=_QUIET_ZONE), revision=content.revision
    )
    response.expires_at.FromSeconds(content.expires_at)
    return response


def get_day_bundle(call: Call, _request: Any) -> pb.GetDayBundleResponse:
    """For everybody: it names no waybill, and whoever checks codes needs it."""
    call.allow([Relation.ANY])
    keeper = traceability.keeper_of(call.settings)
    made = DayBundle(
        origin=keeper.origin,
        generated_at=int(call.now.timestamp()),
        keys=roadside_keys.code_keys(call.settings.home, call.now),
        status=status_list.status_list(call.transaction, call.now),
        checkpoint=newest_checkpoint(call.transaction),
    )
    response = pb.GetDayBundleResponse(bundle=day_bundle.sign(made, keeper.operator))
    response.generated_at.FromSeconds(made.generated_at)
    return response


def find_by_plate(call: Call, request: Any) -> pb.FindByPlateResponse:
    """Living waybills of the vehicle that touch the caller's division. That we know of none never means that there is none."""
    call.allow([Relation.JURISDICTION] if oversees(call.caller) else [], subject=f"plate/{request.plate}")
    refuse(text_of(request.plate, "plate", required=True))
    plate, _ = normalise_plate(request.plate)
    search = Search(
        plate=plate, states=tuple(state.name for state in LIVE), division=division_prefix(call.caller.division)
    )
    found = store.page(call.transaction, search, after=None, most=_MOST_PLATES)
    if found:
        waybills = [shown(kept, route=False) for kept in found]
        return pb.FindByPlateResponse(answer=pb.PLATE_ANSWER_FOUND, waybills=waybills)
    zh, en = province_of(plate)
    return pb.FindByPlateResponse(
        answer=pb.PLATE_ANSWER_UNKNOWN,
        message_zh=f"情况不明：本平台没有该车数据，请向{zh}主管部门查询；不表示没有运单",
        message_en=f"Unknown: we have no data on this vehicle. Ask {en}; it does not mean that there is no waybill",
    )


def qr(code: str) -> Any:
    """The QR symbol of a code: level M, alphanumeric (about 3 % larger than bytes, and no scanner decodes it as text)."""
    return segno.make(code, error="m", mode="alphanumeric", boost_error=False)


def content_of(call: Call, waybill: Waybill) -> Content:
    """What the code of the waybill's current revision says now. Raises a refusal for one that does not live."""
    place = status_list.place_of(call.transaction, waybill.id, waybill.revision)
    if waybill.state not in LIVE or place is None:
        values = {"state": waybill.state.name, "act": "路检码 ROADSIDE_CODE"}
        raise Refusal((Finding(reason=NOT_IN_THIS_STATE, path="waybill.state", rule="WB-12", values=values),))
    trip = trip_of(call, waybill)
    origin = traceability.keeper_of(call.settings).origin
    issued_at = int(call.now.timestamp())
    return Content(
        issuer=traceability.OPERATOR,
        issued_at=issued_at,
        expires_at=issued_at + _lifetime_s(waybill, call.now),
        revision_id=hashlib.sha256(place.revision_id.encode()).digest()[:16],
        number=waybill.number,
        revision=waybill.revision,
        state=waybill.state.name,
        tractor=_plates(trip, Role.TRACTOR),
        trailer=_plates(trip, Role.TRAILER),
        driver=_people(trip, Role.DRIVER),
        escort=_people(trip, Role.ESCORT),
        origin=waybill.origin.name if waybill.origin else "",
        destination=_destination(waybill),
        goods=tuple(_goods(waybill, line) for line in waybill.goods),
        net_explosive_mass_g=sum(line.net_explosive_mass_g for line in waybill.goods),
        closed_tunnels=closed_tunnels(trip),
        route=_route(waybill),
        departure=_seconds(waybill.departed_at or waybill.planned_departure),
        record=place.registered,
        status_index=place.status_index,
        log_hash=roadside_code.hash_of_origin(origin),
        leaf=leaf_of(call.transaction, place.registered),
    )


def expiry_of(content: Content) -> datetime:
    return datetime.fromtimestamp(content.expires_at, UTC)


def trip_of(call: Call, waybill: Waybill) -> Trip:
    """The waybill beside what the registry knows now."""
    known = known_of(call.transaction, waybill, call.now, now=call.now)
    return Trip(waybill, known, catalogue_of(call), call.now)


def closed_tunnels(trip: Trip) -> str:
    """Letters of the tunnel categories closed to the load, also those nobody can tell of."""
    judgement = tunnel_categories(trip.load, trip.catalogue, legal_day(trip.at))
    return "".join(sorted({*judgement.forbidden, *judgement.unknown})) if trip.carries_dangerous_goods else ""


def _lifetime_s(waybill: Waybill, now: datetime) -> int:
    """Until the planned arrival and a margin, never longer than any verifier allows."""
    until = max(waybill.planned_arrival or now, now) + _MARGIN
    return min(int((until - now).total_seconds()), roadside_code.MAX_LIFETIME_S)


def _plates(trip: Trip, role: Role) -> str:
    return "、".join(vehicle.plate for vehicle in aboard.vehicles(trip, role))


def _people(trip: Trip, role: Role) -> str:
    """Names, each with the last four characters of the certificate."""
    people = aboard.people(trip, role)
    return "、".join(f"{person.name} {aboard.certificate(person, role)[-4:]}".strip() for person in people)


def _destination(waybill: Waybill) -> str:
    if len(waybill.stops) > 1:
        return f"{waybill.stops[0].place.name}等{len(waybill.stops)}处"
    return waybill.destination.name if waybill.destination else ""


def _goods(waybill: Waybill, line: GoodsLine) -> Goods:
    """What was loaded where the loading record says so, else what was planned; kilograms where they are whole."""
    empty = waybill.kind is WaybillKind.EMPTY_RETURN
    mass_g = 0 if empty else line.mass_g if line.actual_mass_g is None else line.actual_mass_g
    quantity, unit = (mass_g, "g") if mass_g % 1000 else (mass_g // 1000, "kg")
    name = f"空车（前装）{line.name}" if empty else line.name
    return Goods(line.un_number, name, line.hazard_class, line.packing_group, quantity, unit, line.net_explosive_mass_g)


def _route(waybill: Waybill) -> bytes | None:
    """Eight bytes of a digest over the planned route as it is kept."""
    route = waybill.route
    if not route.edge_keys and not route.line:
        return None
    kept = json.dumps(to_plain(route), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(kept.encode()).digest()[:8]


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
