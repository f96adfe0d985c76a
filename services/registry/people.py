"""Putting people: the identity number goes into the seal, and an organisation sees and changes only its own employments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from services.errors import Finding, Findings, deduplicated
from services.errors.common import invalid
from services.errors.registry import ALREADY_REGISTERED
from services.registry import identities, standing, store
from services.registry.identifiers import mask_identity, plain
from services.registry.kinds import PERSON
from services.registry.model import Employment, Person
from services.registry.rules import check_person
from services.registry.sameness import Told
from services.registry.writing import Draft, check
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.clock import legal_day


def seen_by(person: Person, organisation_id: str) -> Person:
    """The person as an employer sees it: where else it works is not told."""
    return replace(person, employment=_at(person.employment, organisation_id))


def complete(call: Call, drafted: Draft, message: Any, relation: Relation) -> tuple[Draft, Findings]:
    """The person as it will be kept, and everything wrong with it.

    An employer's write leaves other employments as they are, and an absent identity number keeps the one there is.
    """
    number, earlier = plain(message.identity_number), drafted.found.value if drafted.found else None
    person = replace(
        drafted.value,
        identity_masked=mask_identity(number) if number else (earlier.identity_masked if earlier else ""),
    )
    foreign: Findings = ()
    if relation is Relation.OWN:
        mine = call.caller.organisation
        foreign = tuple(_foreign(person, mine))
        others = tuple(each for each in (earlier.employment if earlier else ()) if each.carrier_id != mine)
        person = replace(person, employment=others + _at(person.employment, mine))
    finished = replace(drafted, value=person)
    return finished, deduplicated(
        (*check(call, finished), *foreign, *_rules(call, person, number), *_doubles(call, person, number))
    )


def keep(call: Call, person: Person, message: Any, told: Told) -> None:
    """What stands beside the fact: who may act for whom, and the sealed number.

    Employers have entries of their own for one person, each with its own papers, and learn nothing of one another; that
    they are one is told to whoever lays out trips, for nobody drives for two at a time.
    """
    current = store.find(call.transaction, PERSON.name, person.id, call.now)
    standing.keep_members(call.transaction, current.value if current else person)
    if number := plain(message.identity_number):
        sealer = identities.sealer_of(call.settings)
        twins = identities.twins_by(call.transaction, sealer, person.id, number)
        identities.keep(call.transaction, sealer, person.id, number, call.now)
        if twins.renumbered:
            told(call.transaction, PERSON.name, person.id, "", call.now)
        if twins.others:
            told(call.transaction, PERSON.name, person.id, twins.others[0], call.now)


def _at(employment: tuple[Employment, ...], organisation_id: str) -> tuple[Employment, ...]:
    return tuple(each for each in employment if each.carrier_id == organisation_id)


def _foreign(person: Person, organisation_id: str) -> Iterator[Finding]:
    for index, each in enumerate(person.employment):
        if each.carrier_id != organisation_id:
            yield invalid(f"person.employment[{index}].carrier_id", "not your own organisation 不是本单位")


def _rules(call: Call, person: Person, number: str) -> Iterator[Finding]:
    kept = not number and bool(person.identity_masked)
    for finding in check_person(person, number, legal_day(call.now)):
        if not (kept and finding.path == "person.identity_number"):
            yield finding


def _doubles(call: Call, person: Person, number: str) -> Iterator[Finding]:
    if not number:
        return
    employers = [each.carrier_id for each in person.employment]
    same = identities.persons_with(call.transaction, identities.sealer_of(call.settings), number, employers)
    if any(person_id != person.id for person_id in same):
        values = {"field": "身份证件号码", "field_en": "identity number", "value": mask_identity(number)}
        yield Finding(reason=ALREADY_REGISTERED, path="person.identity_number", values=values)
