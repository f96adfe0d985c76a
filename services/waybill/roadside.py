"""What a lorry shows at the roadside, and the look-up by plate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hazway import roadside_code
from hazway.roadside_code import Content
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, refuse
from services.errors.common import invalid
from services.errors.waybill.under_way import NOT_IN_THIS_STATE
from services.registry.identifiers import normalise_plate
from services.registry.relations import division_prefix, oversees
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import text_of
from services.traceability.places import leaf_of
from services.waybill import aboard, roadside_keys, search_store, status_list
from services.waybill.gathering import catalogue_of, known_of
from services.waybill.home_province import province_of
from services.waybill.model import Role, State, Waybill
from services.waybill.reads import readable
from services.waybill.roadside_content import Recorded, content_of, qr
from services.waybill.search_store import Search
from services.waybill.trip import Trip
from services.waybill.wire import shown

LIVE = (State.ISSUED, State.LOADED, State.IN_TRANSIT, State.ARRIVED)
_MOST_PLATES = 10
_QUIET_ZONE = 4


def get_roadside_code(call: Call, request: Any) -> pb.GetRoadsideCodeResponse:
    """Refused for a waybill that does not live (any more), and while its registration waits for its leaf."""
    kept = readable(call, request.waybill_id)
    content = code_content(call, kept.waybill)
    code = roadside_code.make(content, roadside_keys.signer_at(call.settings.home, call.now))
    made = qr(code)
    response = pb.GetRoadsideCodeResponse(
        code=code, qr_version=int(made.version), qr_svg=made.svg_inline(border=_QUIET_ZONE), revision=content.revision
    )
    response.expires_at.FromSeconds(content.expires_at)
    return response


def find_by_plate(call: Call, request: Any) -> pb.FindByPlateResponse:
    """Living waybills of the vehicle that touch the caller's division. That we know of none never means that there is none."""
    plate, _ = normalise_plate(request.plate)
    refuse(
        text_of(request.plate, "plate", required=True) or (() if plate else (invalid("plate", "no plate 不是车牌"),))
    )
    call.allow([Relation.JURISDICTION] if oversees(call.caller) else [], subject=f"plate/{request.plate}")
    search = Search(
        plate=plate, states=tuple(state.name for state in LIVE), division=division_prefix(call.caller.division)
    )
    bearing = search_store.page(call.transaction, search, after=None, most=_MOST_PLATES)
    if found := [each.kept for each in bearing if plate in _plates_aboard(call, each.kept.waybill)]:
        waybills = [shown(kept, route=False) for kept in found]
        return pb.FindByPlateResponse(answer=pb.PLATE_ANSWER_FOUND, waybills=waybills)
    zh, en = province_of(plate)
    return pb.FindByPlateResponse(
        answer=pb.PLATE_ANSWER_UNKNOWN,
        message_zh=f"情况不明：本平台没有该车数据，请向{zh}主管部门查询；不表示没有运单",
        message_en=f"Unknown: we have no data on this vehicle. Ask {en}; it does not mean that there is no waybill",
    )


def _plates_aboard(call: Call, waybill: Waybill) -> frozenset[str]:
    """A waybill is found by every vehicle it ever had; what counts at the roadside is who drives it now."""
    trip = trip_of(call, waybill)
    return frozenset(each.plate for role in (Role.TRACTOR, Role.TRAILER) for each in aboard.vehicles(trip, role))


def code_content(call: Call, waybill: Waybill) -> Content:
    """What the code of the waybill's current revision says now. Raises a refusal for one that does not live."""
    place = status_list.place_of(call.transaction, waybill.id, waybill.revision)
    if waybill.state not in LIVE or place is None:
        values = {"state": waybill.state.name, "act": "路检码 ROADSIDE_CODE"}
        raise Refusal((Finding(reason=NOT_IN_THIS_STATE, path="waybill.state", rule="WB-12", values=values),))
    recorded = Recorded(
        issuer=traceability.OPERATOR,
        origin=traceability.keeper_of(call.settings).origin,
        revision_id=place.revision_id,
        status_index=place.status_index,
        registered=place.registered,
        leaf=leaf_of(call.transaction, place.registered),
    )
    return content_of(trip_of(call, waybill), recorded)


def expiry_of(content: Content) -> datetime:
    """From when on the code is good no more."""
    return datetime.fromtimestamp(content.expires_at, UTC)


def trip_of(call: Call, waybill: Waybill) -> Trip:
    """The waybill beside what the registry knows now."""
    known = known_of(call.transaction, waybill, call.now, now=call.now)
    return Trip(waybill, known, catalogue_of(call), call.now)
