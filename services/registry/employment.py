"""Who works for whom, and leaving."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.registry.model import Person
from services.registry.versions import valid_on


def employed_by(person: Person, carrier_id: str, day: date) -> bool:
    """Whether the person worked for the carrier on this legal day; first and last day count."""
    return any(
        each.carrier_id == carrier_id and valid_on(day, each.valid_from, each.valid_to) for each in person.employment
    )


def off_board(person: Person, carrier_id: str, last_day: date) -> Person:
    """End every employment with this carrier on ``last_day``; one that had not begun by then is dropped."""
    kept = tuple(
        each
        if each.carrier_id != carrier_id or (each.valid_to is not None and each.valid_to <= last_day)
        else replace(each, valid_to=last_day)
        for each in person.employment
        if each.carrier_id != carrier_id or each.valid_from <= last_day
    )
    return replace(person, employment=kept)
