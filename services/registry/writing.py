"""Putting a thing into the registry: read, checked with all faults at once, and written as a new version of its fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.errors import Finding, Findings, Refusal, deduplicated
from services.errors.common import STALE_ETAG, invalid
from services.errors.registry import ALREADY_REGISTERED, PERIOD_INVALID, PLATE_INVALID
from services.registry import aliases_store, store
from services.registry.affiliation import Evidence, check_evidence
from services.registry.kinds import LICENCE, ORGANISATION, PERMIT, VEHICLE, Kind, tidied
from services.registry.model import Licence, Organisation, Permit, Person, Tank, Vehicle
from services.registry.permits import check_permit
from services.registry.rules import check_licence, check_organisation, check_tank, check_vehicle
from services.runtime.call import Call
from services.runtime.wire import from_wire, text_of, time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants registered: ``before`` is the locked head of what stands there, ``found`` its present version."""

    kind: Kind
    value: Any
    before: store.Head | None
    found: store.Found | None
    findings: Findings


@dataclass(frozen=True, slots=True)
class Span:
    """Since when the new version is true, and until when."""

    valid_from: datetime
    valid_to: datetime | None = None


def draft(call: Call, kind: Kind, message: Any) -> Draft:
    """Read ``message`` and lock what stands under its id; nothing is told yet of what was found."""
    unread = text_of(message.id, f"{kind.name}.id")
    before = None if unread else store.head(call.transaction, kind.name, message.id, lock=True)
    found = store.find(call.transaction, kind.name, message.id, call.now) if before else None
    read = from_wire(kind.model, message, kind.name)
    value = aliases_store.led_on(call.transaction, tidied(read.value))
    return Draft(kind=kind, value=value, before=before, found=found, findings=read.findings)


def check(call: Call, drafted: Draft) -> Findings:
    """Everything that is wrong with the thing itself and its place among the others, each path once per reason."""
    value, kind = drafted.value, drafted.kind
    return deduplicated(
        (
            *drafted.findings,
            *_rules(value, drafted.findings),
            *_owner_stays(drafted),
            *_not_merged(call, drafted),
            *check_references(call, _named(value)),
            *_taken(call, kind, value),
        )
    )


def check_etag(before: store.Head | None, etag: str) -> Iterator[Finding]:
    """An etag, when given, names the newest version; for a thing that is not there no etag is right."""
    if etag and (before is None or before.version != etag):
        yield Finding(reason=STALE_ETAG, path="etag")


def span_of(call: Call, request: Any, *, is_new: bool) -> tuple[Span, Findings]:
    """When the request says it is true: never ahead of the clock, so that what is true now changes only by writing."""
    since, faults = time_of(request.valid_from, "valid_from")
    until, more = time_of(request.valid_to, "valid_to")
    findings = [*faults, *more]
    for path, value in (("valid_from", since), ("valid_to", until)):
        if value is not None and value > call.now:
            findings.append(invalid(path, "lies in the future 晚于当前时间"))
    if until is not None and is_new:
        findings.append(invalid("valid_to", "nothing was registered before 首次登记不能只涉及过去"))
    since = since or call.now
    if until is not None and until <= since:
        values = {"valid_from": since.isoformat(), "valid_to": until.isoformat()}
        findings.append(Finding(reason=PERIOD_INVALID, path="valid_to", values=values))
    return Span(since, until), tuple(findings)


def write(call: Call, before: store.Head | None, value: Any, span: Span, registered: bytes | None) -> str:
    """The new version's name. Raises a refusal STALE_ETAG when somebody else was faster."""
    try:
        return store.append(
            call.transaction,
            before,
            store.Writing(
                value=value,
                valid_from=span.valid_from,
                valid_to=span.valid_to,
                now=call.now,
                by=call.caller.organisation,
                person=call.caller.person,
                registered=registered,
            ),
        )
    except store.Clash:
        raise Refusal((Finding(reason=STALE_ETAG),)) from None


_CHECKS: dict[type[Any], Callable[[Any], Findings]] = {
    Organisation: check_organisation,
    Licence: check_licence,
    Vehicle: check_vehicle,
    Tank: check_tank,
    Permit: check_permit,
    Evidence: check_evidence,
}


def _rules(value: Any, read: Findings) -> Iterator[Finding]:
    """What the pure rules say; a plate is not judged by a colour that could not be read."""
    colourless = any(finding.path == "vehicle.plate_colour" for finding in read)
    check = _CHECKS.get(type(value))
    for finding in check(value) if check else ():
        if not (colourless and finding.reason is PLATE_INVALID):
            yield finding


def _owner_stays(drafted: Draft) -> Iterator[Finding]:
    """A licence and a permit are granted to somebody: another holder means another document."""
    is_grant = drafted.kind in (LICENCE, PERMIT)
    if is_grant and drafted.before and drafted.kind.owner(drafted.value) != drafted.before.owner_id:
        yield invalid(f"{drafted.kind.name}.organisation_id", "the holder cannot change 持有人不可变更")


def _not_merged(call: Call, drafted: Draft) -> Iterator[Finding]:
    if drafted.before and (kept := store.resolved(call.transaction, drafted.kind.name, [drafted.before.id])):
        yield invalid(f"{drafted.kind.name}.id", f"merged into 已并入 {kept[drafted.before.id]}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A thing named by its id at ``path``; with ``owner`` set it must belong to that organisation."""

    kind: Kind
    id: str
    path: str
    owner: str = ""


def check_references(call: Call, references: Iterable[Reference]) -> Iterator[Finding]:
    """Everything named by id must be there; what belongs to another than it should looks the same as nothing."""
    wanted = [reference for reference in references if reference.id]
    known = store.known(call.transaction, [(reference.kind.name, reference.id) for reference in wanted])
    for reference in wanted:
        owner = known.get((reference.kind.name, reference.id))
        if owner is None or owner != (reference.owner or owner):
            yield invalid(reference.path, f"no such {reference.kind.name} 未登记")


def _named(value: Any) -> Iterator[Reference]:
    match value:
        case Vehicle():
            yield Reference(ORGANISATION, value.carrier_id, "vehicle.carrier_id")
        case Evidence():
            yield Reference(VEHICLE, value.id, "affiliation.id", owner=value.carrier_id)
        case Tank():
            yield Reference(ORGANISATION, value.carrier_id, "tank.carrier_id")
            yield Reference(VEHICLE, value.fixed_on, "tank.fixed_on", owner=value.carrier_id)
        case Licence():
            yield Reference(ORGANISATION, value.organisation_id, "licence.organisation_id")
        case Permit():
            yield Reference(ORGANISATION, value.organisation_id, "permit.organisation_id")
            yield from (Reference(VEHICLE, each, "permit.vehicle_ids") for each in sorted(value.vehicle_ids))
        case Person():
            for index, each in enumerate(value.employment):
                yield Reference(ORGANISATION, each.carrier_id, f"person.employment[{index}].carrier_id")


def _taken(call: Call, kind: Kind, value: Any) -> Iterator[Finding]:
    """A key that another thing holds; whose it is, is not told."""
    for (name, key), holder in store.by_key(call.transaction, kind.keys(value)).items():
        if holder != value.id:
            field, field_en = _KEY_WORDS.get(name, (name, name))
            shown = key.rpartition("|")[0] if name == "plate" else key.rpartition("|")[2]
            values = {"field": field, "field_en": field_en, "value": shown}
            yield Finding(reason=ALREADY_REGISTERED, path=f"{kind.name}.{_KEY_FIELDS.get(name, name)}", values=values)


_KEY_FIELDS = {"tank": "number", "licence": "number", "permit": "number"}
_KEY_WORDS = {
    "credit_code": ("统一社会信用代码", "credit code"), "licence": ("许可证号", "licence number"),
    "plate": ("号牌", "plate"), "vin": ("车辆识别代号", "VIN"),
    "tank": ("罐体编号", "tank number"), "permit": ("通行证件号", "permit number"),
}  # fmt: skip
