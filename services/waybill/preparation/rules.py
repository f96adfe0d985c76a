"""Before a trip: what carrier and crew must check and tell, and what is missing of it when the lorry leaves. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.errors import Finding, Reason, Severity
from services.errors.waybill.preparation import (
    PREPARATION_FAILED,
    PREPARATION_INCOMPLETE,
    PREPARATION_MISSING,
    PREPARATION_TOO_LATE,
)
from services.errors.waybill.under_way import NOT_ASSIGNED
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Role, Waybill
from services.waybill.revision.reassignment import aboard

_CREW = (Role.DRIVER, Role.ESCORT)


class PreparationKind(Enum):
    TRIP_CHECK = "TRIP_CHECK"  # 运输前检查
    OUTER_CHECK = "OUTER_CHECK"  # 外观检查
    BRIEFING = "BRIEFING"  # 安全告知


class PreparationItem(Enum):
    VEHICLE = "VEHICLE"
    TANK = "TANK"
    EQUIPMENT = "EQUIPMENT"
    POSITIONING = "POSITIONING"
    MARKS = "MARKS"
    CLOSURES = "CLOSURES"
    STOWAGE = "STOWAGE"
    PAPERS = "PAPERS"


# The rule each kind comes from (``bases``), what people call it, and the items it asks for; those in the second set only
# where a tank is assigned.
RULES = {
    PreparationKind.TRIP_CHECK: "PREP-01",
    PreparationKind.BRIEFING: "PREP-02",
    PreparationKind.OUTER_CHECK: "PREP-03",
}
WORDS = {
    PreparationKind.TRIP_CHECK: ("运输前检查", "check before the trip"),
    PreparationKind.OUTER_CHECK: ("外观检查", "outer check"),
    PreparationKind.BRIEFING: ("安全告知", "briefing"),
}
_ITEMS: Mapping[PreparationKind, tuple[frozenset[PreparationItem], frozenset[PreparationItem]]] = {
    PreparationKind.TRIP_CHECK: (
        frozenset({PreparationItem.VEHICLE, PreparationItem.EQUIPMENT, PreparationItem.POSITIONING}),
        frozenset({PreparationItem.TANK}),
    ),
    PreparationKind.OUTER_CHECK: (
        frozenset({PreparationItem.MARKS, PreparationItem.PAPERS}),
        frozenset({PreparationItem.CLOSURES}),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedItem:
    item: PreparationItem
    passed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """One record. ``passed``: nothing that was looked at failed."""

    kind: PreparationKind
    person_id: str
    done_at: datetime
    items: tuple[CheckedItem, ...] = ()
    attendee_ids: tuple[str, ...] = ()
    content: str = ""
    passed: bool = True


def check_preparation(waybill: Waybill, made: Preparation) -> tuple[Finding, ...]:
    """Whether the record can be: before the departure, by and for the crew that goes, of every item its kind asks for."""
    at = made.done_at
    return (
        *check_act(waybill, Act.REASSIGN, at),
        *_late(waybill, made),
        *_people(waybill, made),
        *_items(waybill, made),
    )


def _late(waybill: Waybill, made: Preparation) -> Iterator[Finding]:
    if waybill.departed_at is not None and made.done_at > waybill.departed_at:
        yield _finding(PREPARATION_TOO_LATE, "waybill.departed_at", made.kind, made.done_at)


def _people(waybill: Waybill, made: Preparation) -> Iterator[Finding]:
    crew = _crew(waybill, made.done_at)
    named = {"person_id": made.person_id} if made.kind is PreparationKind.OUTER_CHECK else {}
    named |= {f"attendee_ids[{index}]": person for index, person in enumerate(made.attendee_ids)}
    for path, person in named.items():
        if person not in crew:
            yield _finding(
                NOT_ASSIGNED, path, made.kind, made.done_at, id=person, role="驾驶人或押运人员", role_en="crew"
            )
    if made.kind is PreparationKind.BRIEFING:
        for person in sorted(crew - set(made.attendee_ids)):
            yield _finding(
                PREPARATION_INCOMPLETE, "attendee_ids", made.kind, made.done_at, what=person, severity=Severity.WARNING
            )


def _items(waybill: Waybill, made: Preparation) -> Iterator[Finding]:
    looked_at = [each.item for each in made.items]
    for missing in sorted(_asked(waybill, made.kind) - set(looked_at), key=lambda item: item.value):
        yield _finding(PREPARATION_INCOMPLETE, "items", made.kind, made.done_at, what=missing.value)
    for index, item in enumerate(looked_at):
        if item in looked_at[:index]:
            yield _finding(PREPARATION_INCOMPLETE, f"items[{index}].item", made.kind, made.done_at, what=item.value)


def _asked(waybill: Waybill, kind: PreparationKind) -> frozenset[PreparationItem]:
    always, with_tank = _ITEMS.get(kind, (frozenset(), frozenset()))
    return always | (with_tank if waybill.resources(Role.TANK) else frozenset())


def _crew(waybill: Waybill, at: datetime) -> frozenset[str]:
    return frozenset(person for role in _CREW for person in aboard(waybill, role, at))


def unprepared(waybill: Waybill, made: Sequence[Preparation], at: datetime) -> Iterator[Finding]:
    """Warnings at the departure: what nobody has recorded, and what failed and was not checked again."""
    for kind in PreparationKind:
        of_kind = [each for each in made if each.kind is kind]
        if not of_kind:
            yield _finding(PREPARATION_MISSING, "waybill", kind, at, severity=Severity.WARNING)
        elif not of_kind[-1].passed:
            failed = "、".join(each.item.value for each in of_kind[-1].items if not each.passed)
            yield _finding(PREPARATION_FAILED, "waybill", kind, at, severity=Severity.WARNING, what=failed)
    told = {person for each in made if each.kind is PreparationKind.BRIEFING for person in each.attendee_ids}
    for person in sorted(_crew(waybill, at) - told) if told else ():
        yield _finding(
            PREPARATION_INCOMPLETE, "waybill", PreparationKind.BRIEFING, at, severity=Severity.WARNING, what=person
        )


def _finding(
    reason: Reason, path: str, kind: PreparationKind, at: datetime, *, severity: Severity = Severity.ERROR, **values: str
) -> Finding:  # fmt: skip
    zh, en = WORDS[kind]
    return Finding(
        reason=reason, path=path, severity=severity, rule=RULES[kind], basis=basis_on(RULES[kind], legal_day(at)),
        values={"kind": zh, "kind_en": en, **values},
    )  # fmt: skip
