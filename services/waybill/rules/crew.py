"""WB-03: driver and escort hold a certificate for their task and these goods, on every day of the trip."""

from __future__ import annotations

from collections.abc import Iterator

from services.errors import Finding, Severity
from services.errors.waybill.resources import (
    NOT_EMPLOYED,
    QUALIFICATION_EXPIRED,
    QUALIFICATION_MISSING,
    QUALIFICATION_SPECIAL_MISSING,
)
from services.registry.employment import employed_by
from services.registry.model import Person, Qualification, QualificationKind, Special
from services.registry.versions import valid_on
from services.waybill.model import Role
from services.waybill.rules.special import specials_of
from services.waybill.trip import ROLE_WORDS, Assigned, Trip

RULE = "WB-03"
_KINDS = {Role.DRIVER: QualificationKind.DRIVER, Role.ESCORT: QualificationKind.ESCORT}
_SPECIAL_WORDS = {
    Special.TOXIC: ("剧毒化学品", "highly toxic"),
    Special.EXPLOSIVE: ("爆炸品", "explosive"),
    Special.RADIOACTIVE: ("放射性物品", "radioactive"),
}


def crew_qualified(trip: Trip) -> Iterator[Finding]:
    """One finding a person: no certificate, none that is valid, or none that covers the goods; and who employs him."""
    needed = specials_of(trip)
    for each, person in trip.crew():
        yield from _certificate(trip, each, person, needed)
        if trip.carrier_id and not employed_by(person, trip.carrier_id, trip.first_day):
            yield trip.finding(
                NOT_EMPLOYED, each.path, RULE, severity=Severity.WARNING, name=person.name, day=trip.first_day
            )


def _certificate(trip: Trip, each: Assigned, person: Person, needed: frozenset[Special]) -> Iterator[Finding]:
    role = each.assignment.role
    zh, en = ROLE_WORDS[role]
    held = [qualification for qualification in person.qualifications if qualification.kind is _KINDS[role]]
    valid = [qualification for qualification in held if _covers_trip(qualification, trip)]
    if not held:
        yield trip.finding(QUALIFICATION_MISSING, each.path, RULE, name=person.name, kind=zh, kind_en=en)
    elif not valid:
        last = max((one.valid_to for one in held if one.valid_to is not None), default=None)
        day = trip.first_day if last is not None and last < trip.first_day else trip.last_day
        yield trip.finding(
            QUALIFICATION_EXPIRED, each.path, RULE, name=person.name, kind=zh, kind_en=en, day=day, valid_to=last
        )
    else:
        covered = frozenset(special for qualification in valid for special in qualification.specials)
        for special in sorted(needed - covered, key=lambda one: one.value):
            words, words_en = _SPECIAL_WORDS[special]
            yield trip.finding(
                QUALIFICATION_SPECIAL_MISSING, each.path, RULE, name=person.name, kind=zh, kind_en=en,
                special=words, special_en=words_en,
            )  # fmt: skip


def _covers_trip(qualification: Qualification, trip: Trip) -> bool:
    return all(
        valid_on(day, qualification.valid_from, qualification.valid_to) for day in (trip.first_day, trip.last_day)
    )
