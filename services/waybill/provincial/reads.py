"""Waybills as the province writes them, on the wire: out of what is kept here, and in as a draft to be completed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hazway.waybill.v1 import fleet_pb2 as pb
from hazway.waybill.v1 import waybill_pb2 as wire
from services import registry
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid, missing
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.runtime.refusals import finding_to_wire
from services.runtime.wire import text_of
from services.waybill import store
from services.waybill.gathering import known_of
from services.waybill.model import GoodsLine, Waybill
from services.waybill.provincial.bill import bill_of, lines_of
from services.waybill.provincial.model import Bill, Member, Plate, Site, Unit
from services.waybill.provincial.read import read
from services.waybill.provincial.write import write
from services.waybill.relations import relations_to

MOST_LETTERS = 1_000_000


def export_provincial(call: Call, request: Any) -> pb.ExportProvincialResponse:
    """For whoever may see the waybill. Raises a refusal NOT_FOUND for all others."""
    refuse(text_of(request.waybill_id, "waybill_id", required=True))
    kept = store.find(call.transaction, request.waybill_id)
    call.allow(relations_to(call, kept.waybill) if kept else (), subject=f"waybill/{request.waybill_id}")
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    return pb.ExportProvincialResponse(json=_text(call.transaction, kept.waybill, call.now))


def written(connection: Connection, waybill_id: str, now: datetime) -> str:
    """The waybill as it stands now. Raises a refusal NOT_FOUND."""
    kept = store.find(connection, waybill_id)
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    return _text(connection, kept.waybill, now)


def _text(connection: Connection, waybill: Waybill, now: datetime) -> str:
    facts = known_of(connection, waybill, waybill.departed_at or now, now=now)
    return json.dumps(write(bill_of(waybill, facts)), ensure_ascii=False)


def preview_provincial(call: Call, request: Any) -> pb.PreviewProvincialResponse:
    """Nothing is kept. Vehicles and crew are looked for in the caller's own register only."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    reading = read(_decoded(request.json))
    refuse(reading.findings)
    draft = _Draft(call, reading.bill)
    waybill = draft.waybill()
    return pb.PreviewProvincialResponse(waybill=waybill, findings=map(finding_to_wire, draft.findings))


def _decoded(text: str) -> Any:
    if not text:
        raise Refusal((missing("json"),))
    if len(text) > MOST_LETTERS:
        raise Refusal((invalid("json", f"longer than {MOST_LETTERS} 过长"),))
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal((invalid("json", f"not JSON 不是有效的JSON: {str(error)[:200]}"),)) from None


class _Draft:
    """A waybill made of a bill; ``findings`` tell what is still to be added before it can be issued."""

    def __init__(self, call: Call, bill: Bill) -> None:
        self._call, self._bill = call, bill
        self.findings: list[Finding] = []

    def waybill(self) -> wire.Waybill:
        bill = self._bill
        message = wire.Waybill(kind=wire.WAYBILL_KIND_NORMAL, remarks=bill.remark)
        message.carrier.name, message.carrier.organisation_id = bill.carrier_name, self._call.caller.organisation
        message.carrier.licence_number = bill.carrier_licence
        message.external_refs.add(system="province", number=bill.number)
        for name, at in (("planned_loading", bill.loading_at), ("planned_departure", bill.began_at or bill.loading_at),
                         ("planned_arrival", bill.planned_unloading_at)):  # fmt: skip
            if at is not None:
                getattr(message, name).FromDatetime(at)
        lines = lines_of(bill)
        message.goods.extend(self._line(line) for line in lines.values())
        self._parties(message, lines)
        message.assignments.extend(self._assignments())
        return message

    def _line(self, line: GoodsLine) -> wire.GoodsLine:
        self.findings.append(missing(f"waybill.goods[{line.number - 1}].mode"))
        return wire.GoodsLine(
            number=line.number, un_number=line.un_number, name=line.name, hazard_class=line.hazard_class,
            packing_group=line.packing_group, mass_g=line.mass_g, volume_ml=line.volume_ml,
        )  # fmt: skip

    def _parties(self, message: wire.Waybill, lines: dict[tuple[str, str], GoodsLine]) -> None:
        """One receiver at one address is the consignee; more are stops, in the order they stand."""
        sent = [(unit, site) for unit in self._bill.senders for site in unit.sites]
        received = [(unit, site) for unit in self._bill.receivers for site in unit.sites]
        if sent:
            message.consignor.CopyFrom(_party(sent[0][0]))
            message.origin.CopyFrom(_place(*sent[0]))
        if len(sent) != 1:
            self.findings.append(invalid("waybill.origin", f"{len(sent)} loading addresses 装货地址数"))
        if received:
            message.consignee.CopyFrom(_party(received[-1][0]))
            message.destination.CopyFrom(_place(*received[-1]))
        else:
            self.findings.append(missing("waybill.consignee"))
        for number, (unit, site) in enumerate(received if len(received) > 1 else (), start=1):
            stop = message.stops.add(number=number, place=_place(unit, site), consignee=_party(unit))
            for goods in site.goods:
                if (line := lines.get((goods.un_number, goods.name))) is not None:
                    stop.drops.add(goods_number=line.number, planned_g=goods.mass_g)

    def _assignments(self) -> Iterator[wire.Assignment]:
        bill = self._bill
        for role, path, plate in ((wire.ROLE_TRACTOR, "numberPlate", bill.vehicle),
                                  (wire.ROLE_TRAILER, "tailerNumberPlate", bill.trailer)):  # fmt: skip
            if plate is not None:
                yield from self._assigned(role, path, self._vehicle(plate), plate.text)
        for role, path, member in ((wire.ROLE_DRIVER, "driverCertificateNo", bill.driver),
                                   (wire.ROLE_ESCORT, "escortCertificateNo", bill.escort)):  # fmt: skip
            if member is not None:
                yield from self._assigned(role, path, self._person(member), member.name)

    def _assigned(self, role: Any, path: str, resource_id: str, name: str) -> Iterator[wire.Assignment]:
        if resource_id:
            yield wire.Assignment(role=role, resource_id=resource_id)
        else:
            self.findings.append(invalid(path, f"{name} is not in your register 不在贵单位档案中"))

    def _vehicle(self, plate: Plate) -> str:
        return registry.own_vehicle(self._call.transaction, self._call.caller.organisation, plate.text, plate.colour)

    def _person(self, member: Member) -> str:
        day = legal_day(self._call.now)
        return registry.own_person(self._call.transaction, self._call.caller.organisation, member.certificate, day)


def _party(unit: Unit) -> wire.Party:
    return wire.Party(name=unit.name, phone=unit.phone)


def _place(unit: Unit, site: Site) -> wire.Place:
    return wire.Place(name=site.name or unit.name, address=site.road, division_code=site.division)
