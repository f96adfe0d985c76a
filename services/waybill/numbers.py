"""Numbers for waybills as they are issued: the next serial of the carrier's licence on the legal day."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import Connection

from services.errors import Finding, Refusal
from services.errors.waybill import NUMBERS_EXHAUSTED
from services.registry.model import LicenceKind
from services.registry.versions import legal_day
from services.waybill import store
from services.waybill.facts import carrier_of
from services.waybill.model import Facts, Waybill
from services.waybill.numbering import NumberRule

# The form of the national rule; a licence that needs more than its thousand a day goes on with longer serials.
RULE = NumberRule()
LONGER = NumberRule(serial_digits=6)


def licence_number_of(waybill: Waybill, facts: Facts) -> str:
    """The carrier's transport licence as twelve digits; what is no digit falls away, what is missing are zeros in front."""
    held = [
        licence.number
        for licence in facts.registry.licences
        if licence.organisation_id == carrier_of(waybill) and licence.kind is LicenceKind.ROAD_OPERATION
    ]
    digits = re.sub(r"[^0-9]", "", min(held, default=""))
    return digits[-RULE.licence_digits :].zfill(RULE.licence_digits)


def next_number(connection: Connection, licence_number: str, now: datetime) -> str:
    """Given in a transaction of its own, so that issues of one carrier do not wait for each other: numbers may be skipped.

    Raises a refusal NUMBERS_EXHAUSTED.
    """
    day = legal_day(now)
    with connection.engine.begin() as own:
        serial = store.next_serial(own, licence_number, day)
    if serial >= LONGER.capacity:
        raise Refusal((Finding(reason=NUMBERS_EXHAUSTED, rule="WB-NUMBER", values={"day": day.isoformat()}),))
    return (RULE if serial < RULE.capacity else LONGER).number(licence_number, day, serial)
