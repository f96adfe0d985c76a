"""A sound check of the petrol trip, to be bent by one thing at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.goods import Catalogue
from services.loading.model import Check, CheckCode, CheckItem, Fill, Objection, Result
from services.loading.permit import permit_for
from services.loading.registry_says import Says, registry_says, trip_at_gate
from services.loading.rules import Judged, check_form, judge
from services.waybill.facts import Facts
from services.waybill.model import State, Waybill
from services.waybill.trip import Trip
from tests.unit.services.waybill.petrol_trip import CATALOGUE, FACTS, NOW, WAYBILL

ISSUED = replace(WAYBILL, state=State.ISSUED)
PEOPLE = frozenset({"checker", "second", "approver"})
FILL = Fill(
    goods_number=1, un_number="1203", name="车用汽油", packing_group="II", compartment=1, density_mg_per_ml=740
)  # fmt: skip
OBJECTION = Objection(
    document_sha256="0f" * 32, second_person_id="second", approver_id="approver", explanation="证件已换新"
)
BASIC = (
    CheckCode.VEHICLE_PAPERS, CheckCode.CREW_PAPERS, CheckCode.INSPECTION, CheckCode.GOODS_AS_WAYBILL,
    CheckCode.PERMITTED_MEDIUM, CheckCode.LAST_CARGO, CheckCode.KEYS_HELD, CheckCode.WHEEL_CHOCKS,
    CheckCode.STATIC_EARTH, CheckCode.FLAME_ARRESTER,
)  # fmt: skip


def at_gate(
    facts: Facts = FACTS, waybill: Waybill = ISSUED, now: datetime = NOW, catalogue: Catalogue = CATALOGUE
) -> Trip:
    return trip_at_gate(waybill, facts, catalogue, now)


def says_of(trip: Trip, waybill: Waybill = ISSUED) -> dict[CheckCode, Says]:
    return dict(registry_says(trip, waybill))


def item(code: CheckCode, result: Result = Result.PASS, **more: object) -> CheckItem:
    return CheckItem(code=code, result=result, checked_by_id="checker", **more)  # type: ignore[arg-type]


def a_check(*special: CheckItem, codes: Iterable[CheckCode] = BASIC, **more: object) -> Check:
    """Every item passes but for the ``special`` ones."""
    bent = {each.code: each for each in special}
    items = [bent.pop(code, item(code)) for code in codes]
    return Check(id="check", waybill_id="w1", items=(*items, *bent.values()), **{"fills": (FILL,), **more})  # type: ignore[arg-type]


def verdicts(check: Check, trip: Trip | None = None) -> dict[CheckCode, Judged]:
    trip = trip or at_gate()
    return {each.code: each for each in judge(check, trip, says_of(trip))}


def failing(check: Check, trip: Trip | None = None) -> set[CheckCode]:
    return {code for code, each in verdicts(check, trip).items() if each.result is Result.FAIL}


def form(check: Check, trip: Trip | None = None) -> set[tuple[str, str]]:
    """(path, reason) of every error in the form of the check."""
    found = check_form(check, says_of(trip or at_gate()), PEOPLE)
    return {(each.path, each.reason.name) for each in found if each.severity.name == "ERROR"}


def a_permit(trip: Trip | None = None, *fills: Fill, now: datetime = NOW):  # type: ignore[no-untyped-def]
    return permit_for(a_check(fills=fills or (FILL,)), trip or at_gate(), now)
