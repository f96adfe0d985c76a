"""Numbers for waybills as they are issued: the next serial of the carrier's licence on the legal day."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from hazway.waybill.v1 import waybill_pb2 as pb
from services import registry
from services.errors import Finding, Refusal, refuse
from services.errors.common import invalid, missing
from services.errors.waybill.issuing import NUMBERS_EXHAUSTED
from services.registry.model import LicenceKind, RegistryFacts
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.runtime.wire import day_of
from services.waybill.issuing import numbers_store
from services.waybill.issuing.numbering import NumberBlock, NumberRule, check_offline_number
from services.waybill.model import Waybill

# The form of the national rule; a licence that needs more than its thousand a day goes on with longer serials.
RULE = NumberRule()
LONGER = NumberRule(serial_digits=6)
MOST_ALLOTTED = 100
_AHEAD = timedelta(days=7)


def licence_of(carrier_id: str, facts: RegistryFacts) -> str:
    """The carrier's transport licence as twelve digits; what is no digit falls away, what is missing are zeros in front."""
    held = [
        licence.number
        for licence in facts.licences
        if licence.organisation_id == carrier_id and licence.kind is LicenceKind.ROAD_OPERATION
    ]
    digits = re.sub(r"[^0-9]", "", min(held, default=""))
    return digits[-RULE.licence_digits :].zfill(RULE.licence_digits)


class Numbers:
    """Numbers for up to ``count`` waybills, given in transactions of their own, so that issues of one carrier do not wait for
    each other: a number may be skipped, never given twice."""

    def __init__(self, connection: Connection, now: datetime, count: int = 1) -> None:
        self._engine, self._day, self._count = connection.engine, legal_day(now), count
        self._left: dict[str, deque[int]] = {}

    def next(self, licence_number: str) -> str:
        """Raises a refusal NUMBERS_EXHAUSTED."""
        serials = self._left.setdefault(licence_number, deque())
        if not serials:
            first = numbers_store.next_serials_alone(self._engine, licence_number, self._day, self._count)
            serials.extend(range(first, first + self._count))
        return number_of(licence_number, self._day, serials.popleft())


def number_of(licence_number: str, day: date, serial: int) -> str:
    """Raises a refusal NUMBERS_EXHAUSTED."""
    if serial >= LONGER.capacity:
        raise Refusal((Finding(reason=NUMBERS_EXHAUSTED, rule="WB-NUMBER", values={"day": day.isoformat()}),))
    return (RULE if serial < RULE.capacity else LONGER).number(licence_number, day, serial)


def check_offline(call: Call, waybill: Waybill, number: str) -> tuple[Finding, ...]:
    """A number given without a network stands in a block of the carrier for that day, and is used once."""
    offline = waybill.issued_offline_at
    if not number and offline is None:
        return ()
    if not number or offline is None:
        return (missing("waybill.issued_offline_at" if number else "offline_number"),)
    blocks = numbers_store.blocks_of(call.transaction, call.caller.organisation, legal_day(offline))
    taken = {number} if numbers_store.is_number_taken(call.transaction, number) else set[str]()
    rule = RULE if RULE.parse(number) else LONGER
    findings = check_offline_number(rule, number, blocks, taken, offline, call.now)
    return tuple(replace(each, path="offline_number") if each.path == "waybill.number" else each for each in findings)


def allot_numbers(call: Call, request: Any) -> pb.AllotNumbersResponse:
    """Numbers to issue with where there is no network; those of a block nobody uses are never given again."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    today = legal_day(call.now)
    stated, faults = day_of(request.day, "day")
    day = stated or today
    if not 1 <= request.size <= MOST_ALLOTTED:
        faults = (*faults, invalid("size", f"1 to {MOST_ALLOTTED}"))
    if not today <= day <= today + _AHEAD:
        faults = (*faults, invalid("day", "today or within 7 days 须为今日起7天内"))
    refuse(faults)
    organisation = call.caller.organisation
    facts = registry.facts_at(call.transaction, call.now, organisations=[organisation])
    licence = licence_of(organisation, facts)
    first = numbers_store.next_serials(call.transaction, licence, day, request.size)
    numbers = [number_of(licence, day, serial) for serial in range(first, first + request.size)]
    numbers_store.insert_block(
        call.transaction, organisation, NumberBlock(licence, day, first, first + request.size), call.now
    )
    return pb.AllotNumbersResponse(numbers=numbers)
