"""Import of a whole sheet as one stated act: the act says the digest of the file, its registration the rows taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hazway import ids
from hazway.registry.v1 import registry_pb2 as pb
from services import traceability
from services.errors import Finding, Findings, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid, missing
from services.errors.registry import DUPLICATE_ENTRY
from services.registry import columns, identities, store
from services.registry.identifiers import plain
from services.registry.kinds import ORGANISATION, PERSON, TANK, VEHICLE, Kind
from services.registry.puts import complete, prepare, settle
from services.registry.relations import for_writing
from services.registry.sameness import Told
from services.registry.sheets import Row, SheetError, read_sheet
from services.registry.writing import Draft, Reference, Span, check_references, write
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import from_wire, text_of, to_wire


@dataclass(frozen=True, slots=True)
class _Sheet:
    kind: Kind
    message: type[Any]
    columns: Mapping[str, columns.Column]


_SHEETS = {
    pb.IMPORT_KIND_VEHICLES: _Sheet(VEHICLE, pb.Vehicle, columns.by_heading(columns.VEHICLES)),
    pb.IMPORT_KIND_TANKS: _Sheet(TANK, pb.Tank, columns.by_heading(columns.TANKS)),
    pb.IMPORT_KIND_PERSONS: _Sheet(PERSON, pb.Person, columns.by_heading(columns.PERSONS)),
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row: the thing it would register, and what is wrong with it."""

    row: Row
    message: Any
    draft: Draft
    findings: Findings


def import_rows(told: Told, call: Call, request: Any) -> pb.ImportRowsResponse:
    """Register the good rows, or all or none. A row changes only what its columns say of a thing that is there."""
    own = request.organisation_id == call.caller.organisation
    relation = call.allow(
        (Relation.ANY, Relation.OWN) if own else (Relation.ANY,), subject=f"organisation/{request.organisation_id}"
    )
    refuse(tuple(_request_faults(call, request)))
    sheet = _SHEETS[request.kind]
    judged = _judge(call, sheet, _rows(sheet, request.content), request.organisation_id, relation)
    good = [each for each in judged if not each.findings]
    wanted = good if request.mode == pb.IMPORT_MODE_GOOD_ROWS or len(good) == len(judged) else []
    response = pb.ImportRowsResponse(rows=[_report(each) for each in judged])
    if wanted and not request.validate_only:
        _register(call, request, wanted, response, told)
    return response


def _register(call: Call, request: Any, wanted: list[_Judged], response: pb.ImportRowsResponse, told: Told) -> None:
    registered = traceability.record(call, request, decision={"imported": [each.draft.value.id for each in wanted]})
    for each in wanted:
        write(call, each.draft.before, each.draft.value, Span(call.now), registered.digest)
        settle(call, each.draft.value, each.message, told)
    response.imported = True
    response.registered.CopyFrom(registered.to_wire())


def _request_faults(call: Call, request: Any) -> Iterator[Finding]:
    faults = text_of(request.organisation_id, "organisation_id", required=True)
    yield from faults or check_references(call, [Reference(ORGANISATION, request.organisation_id, "organisation_id")])
    if request.kind not in _SHEETS:
        yield missing("kind")
    if request.mode not in (pb.IMPORT_MODE_ALL_OR_NOTHING, pb.IMPORT_MODE_GOOD_ROWS):
        yield missing("mode")
    if request.content_sha256 != hashlib.sha256(request.content).digest():
        yield invalid("content_sha256", "not the digest of the content 与文件内容不符")


def _rows(sheet: _Sheet, content: bytes) -> list[Row]:
    """Raises a refusal for content that is no sheet, or has a column of no meaning."""
    try:
        rows = read_sheet(content)
    except SheetError as error:
        raise Refusal((invalid("content", str(error)),)) from error
    unknown = sorted({heading for row in rows for heading in row.cells} - sheet.columns.keys())
    refuse(invalid("content", f"unknown column 无此列 {heading[:40]}") for heading in unknown)
    return rows


def _judge(call: Call, sheet: _Sheet, rows: list[Row], organisation: str, relation: Relation) -> list[_Judged]:
    """Every row by itself, and none that repeats what a good one before it registers."""
    judged: list[_Judged] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        each = _judge_row(call, sheet, row, organisation, relation)
        keys = [("id", each.message.id), *sheet.kind.keys(each.draft.value)]
        if number := plain(getattr(each.message, "identity_number", "")):
            keys.append(("identity_number", number))
        repeated = tuple(_repeats(seen, keys)) if not each.findings else ()
        if not each.findings and not repeated:
            seen.update(dict.fromkeys(keys, row.number))
        judged.append(_Judged(row, each.message, each.draft, each.findings + repeated))
    return judged


def _repeats(seen: Mapping[tuple[str, str], int], keys: list[tuple[str, str]]) -> Iterator[Finding]:
    for name, key in keys:
        if (name, key) in seen:
            yield Finding(reason=DUPLICATE_ENTRY, path=name, values={"value": f"row 第 {seen[name, key]} 行"})


def _judge_row(call: Call, sheet: _Sheet, row: Row, organisation: str, relation: Relation) -> _Judged:
    message = sheet.message()
    columns.fill(message, sheet.columns, row.cells)
    message.id = message.id or _known_as(call, sheet.kind, message, organisation) or ids.new_id()
    faults = _completed(call, sheet, row, message, organisation)
    drafted = prepare(call, sheet.kind, message)
    if relation not in for_writing(call, sheet.kind, drafted.before, drafted.value):
        return _Judged(row, message, drafted, (Finding(reason=NOT_FOUND, path="id"),))
    finished, findings = complete(call, drafted, message, relation)
    told = {fault.path for fault in faults}
    return _Judged(row, message, finished, (*faults, *(each for each in findings if _column(each.path) not in told)))


def _completed(call: Call, sheet: _Sheet, row: Row, message: Any, organisation: str) -> Findings:
    """Let the message say what is registered already, and over it what the row says; what is wrong with the cells."""
    found = None if text_of(message.id, "id") else store.find(call.transaction, sheet.kind.name, message.id, call.now)
    thing_id = message.id
    message.Clear()
    if found is not None and _is_of(sheet.kind, found.value, organisation):
        to_wire(found.value, message)
    faults = columns.fill(message, sheet.columns, row.cells)
    message.id = thing_id
    if sheet.kind is PERSON:
        for employment in message.employment:
            employment.carrier_id = employment.carrier_id or organisation
    else:
        message.carrier_id = organisation
    return tuple(invalid(name, problem) for name, problem in faults.items())


def _is_of(kind: Kind, value: Any, organisation: str) -> bool:
    if kind is PERSON:
        return any(each.carrier_id == organisation for each in value.employment)
    return kind.owner(value) == organisation


def _known_as(call: Call, kind: Kind, message: Any, organisation: str) -> str:
    """The id under which the organisation has this thing already, "" when it has not."""
    if kind is PERSON:
        number = plain(message.identity_number)
        same = identities.persons_with(call.transaction, identities.sealer_of(call.settings), number, [organisation])
        return same[0] if number and same else ""
    message_id, message.id = message.id, "draft"
    value = from_wire(kind.model, message, kind.name).value
    message.id = message_id
    held = store.by_key(call.transaction, kind.keys(value))
    owners = store.known(call.transaction, [(kind.name, thing_id) for thing_id in held.values()])
    return next((thing_id for thing_id in held.values() if owners.get((kind.name, thing_id)) == organisation), "")


def _report(judged: _Judged) -> pb.RowReport:
    faults = [
        pb.RowFault(path=_column(finding.path), reason=finding.reason.name, zh=finding.zh, en=finding.en)
        for finding in judged.findings
    ]
    return pb.RowReport(
        row=judged.row.number, accepted=not faults, id=judged.draft.value.id if not faults else "", faults=faults
    )


def _column(path: str) -> str:
    """``vehicle.plate`` is the column ``plate``."""
    head, _, rest = path.partition(".")
    return rest if head in ("vehicle", "tank", "person") else path
