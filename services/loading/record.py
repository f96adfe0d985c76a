"""The loading record, and with it, in one transaction, the clearance and what the tank holds now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.loading.v1 import loading_pb2 as pb
from services import registry, traceability, waybill
from services.errors import Finding, Refusal, Severity, refuse
from services.errors.common import missing
from services.errors.loading import LOADING_ID_TAKEN, SUPERVISOR_NOT_QUALIFIED
from services.goods import Mode
from services.loading import store
from services.loading.bases import RETENTION_MONTHS, RULES
from services.loading.bay import Bay, standing
from services.loading.fill import permit_of
from services.loading.lifecycle import Event, check_event, moved
from services.loading.model import FillPermit, LoadedLine, LoadingRecord
from services.loading.weighing import check_loaded, retain_until
from services.registry.employment import employed_by
from services.registry.model import QualificationKind, Tank, TankCondition, TankState
from services.registry.versions import valid_on
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import from_wire, moment, to_wire
from services.traceability import Registered
from services.waybill.rules import check_not_before
from services.waybill.rules.quantities import check_actual


def record_loading(call: Call, request: Any) -> pb.RecordLoadingResponse:
    """What was loaded replaces what was planned while it keeps within permit, order, rated mass and degree of filling."""
    bay = standing(call, request.record.waybill_id)
    refuse((*bay.guards(), *check_event(bay.loading.state, Event.RECORD)))
    permit = permit_of(bay)
    read = from_wire(LoadingRecord, request.record, "record")
    at, late = moment(request.record, "loaded_at", call.now)
    stated: LoadingRecord = read.value
    actual_g = {line.goods_number: line.mass_g for line in stated.lines}
    findings = (
        *read.findings,
        *late,
        *(() if stated.id else (missing("record.id"),)),
        *bay.settled(),
        *check_loaded(stated.lines, permit, bay.loading.weights, bay.loading.post_fill, bay.trip),
        *check_actual(bay.waybill, bay.work.facts, bay.catalogue, actual_g, call.now),
        *check_not_before("record.loaded_at", at, permit.issued_at),
        *_supervisor(call, stated.supervisor_id),
    )
    refuse(findings)
    record = _record(bay, stated, permit, at)
    response = pb.RecordLoadingResponse(warnings=warnings_to_wire(findings))
    to_wire(record, response.record)
    if not request.validate_only:
        registered = traceability.record(call, request, decision=bay.decision(permit=permit.id, net_g=record.net_g))
        _keep(bay, record, actual_g, registered)
        response.registered.CopyFrom(registered.to_wire())
    return response


def _keep(bay: Bay, record: LoadingRecord, actual_g: dict[int, int], registered: Registered) -> None:
    call = bay.call
    if not store.insert_record(call.transaction, record, registered.digest):
        raise Refusal((Finding(reason=LOADING_ID_TAKEN, path="record.id", values={"id": record.id}),))
    waybill.give_clearance(
        call.transaction, record.waybill_id, revision=record.revision, loading_record_id=record.id,
        loading_record_digest=registered.digest, actual_g=actual_g, at=call.now,
        catalogue=bay.catalogue,
    )  # fmt: skip
    for _, tank in bay.trip.tanks():
        state = tank_after(bay, tank, actual_g, call.now)
        if state is not None:
            registry.record_tank_state(
                call.transaction,
                tank.id,
                state,
                now=call.now,
                by=call.caller.organisation,
                registered=registered.digest,
            )
    bay.keep(replace(bay.loading, state=moved(bay.loading.state, Event.RECORD), record=record))


def tank_after(bay: Bay, tank: Tank, actual_g: dict[int, int], at: datetime) -> TankState | None:
    """LOADED when every compartment was filled, else PART; what stays in the others is still the last goods too."""
    lines = [line for line in bay.waybill.goods if line.mode == Mode.TANK.value and actual_g.get(line.number, 0) > 0]
    if not lines:
        return None
    filled = {line.compartment for line in lines}
    full = None in filled or filled >= {compartment.number for compartment in tank.compartments}
    left = () if full or tank.state.clean else tank.state.last_un_numbers
    held = tuple(sorted({line.un_number for line in lines} | set(left)))
    return TankState(condition=TankCondition.LOADED if full else TankCondition.PART, last_un_numbers=held, at=at)


def _record(bay: Bay, stated: LoadingRecord, permit: FillPermit, at: datetime) -> LoadingRecord:
    """What Art 31 asks for, as it was at the time."""
    form, loading, trip = bay.waybill, bay.loading, bay.trip
    crew = [person.name for each, person in trip.crew() if each.assignment.role.name == "DRIVER"]
    return replace(
        stated,
        lines=tuple(_line(bay, line) for line in stated.lines),
        loaded_at=at,
        waybill_number=form.number,
        revision=form.revision,
        permit_id=permit.id,
        consignor=form.consignor.name if form.consignor else "",
        carrier=form.carrier.name if form.carrier else "",
        plates=tuple(vehicle.plate for _, vehicle in trip.vehicles()),
        drivers=tuple(crew),
        net_g=loading.weights.net_g if loading.weights else 0,
        seals=tuple(seal.number for seal in loading.post_fill.seals) if loading.post_fill else (),
        retain_until=retain_until(at, RETENTION_MONTHS),
    )


def _line(bay: Bay, line: LoadedLine) -> LoadedLine:
    planned = next(each for each in bay.waybill.goods if each.number == line.goods_number)
    return replace(line, un_number=planned.un_number, name=planned.name, hazard_class=planned.hazard_class)


def _supervisor(call: Call, person_id: str) -> Iterator[Finding]:
    """A warning: the supervisor's certificate is looked at where the loader keeps its people in the registry."""
    if not person_id:
        return
    person = registry.facts_at(call.transaction, call.now, persons=(person_id,)).persons.get(person_id)
    today = legal_day(call.now)
    qualified = (
        person is not None
        and employed_by(person, call.caller.organisation, today)
        and any(
            held.kind is QualificationKind.LOADING_SUPERVISOR and valid_on(today, held.valid_from, held.valid_to)
            for held in person.qualifications
        )
    )
    if not qualified:
        yield Finding(
            reason=SUPERVISOR_NOT_QUALIFIED, path="record.supervisor_id", severity=Severity.WARNING, rule="LC-09",
            basis=RULES["LC-09"], values={"id": person_id},
        )  # fmt: skip
