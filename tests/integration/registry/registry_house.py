"""Calls to the registry as a transport makes them, and well-formed things to register."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from hazway import body, ids, keys, statement
from hazway.acts import ACTS
from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Finding, Refusal
from services.registry.invented import credit_code, identity_number
from services.registry.service import services
from services.runtime.adapter import Adapter, Asked
from services.runtime.clock import HandClock
from services.runtime.service import response_class
from services.traceability import OPERATOR
from services.traceability import store as traceability_store
from services.traceability.model import Key

CARRIER, RIVAL, TRANSPORT, POLICE = "carrier-1", "carrier-2", "transport-4403", "police-4401"
PATHS = {
    method.name: (f"{service.name}/{method.name}", service.unary[method.name], response_class(method))
    for service in services()
    for method in service.methods()
}


@dataclass
class House:
    """Calls handlers through the one adapter, as any transport does."""

    adapter: Adapter
    engine: Engine
    clock: HandClock
    signers: dict[str, keys.MemorySigner] = field(default_factory=dict)

    def call(
        self,
        organisation: str,
        method: str,
        request: Any,
        *,
        person: str = "",
        purpose: str = "查验",
        sign: bool = True,
    ) -> Any:
        """The answer to the request, given a fresh id and its statement where it needs them. Raises ``Refusal``."""
        path, handler, answer = PATHS[method]
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = ids.new_id()
        if sign and path in ACTS and not request.statement:
            request.statement = self.sign(organisation, path, request)
        asked = Asked(method=path, organisation=organisation, person=person, purpose=purpose)
        return asyncio.run(self.adapter.unary(asked, handler, request, answer))

    def outcome(self, organisation: str, method: str, request: Any, **arguments: Any) -> tuple[Finding, ...]:
        """What the request is refused for, nothing when it is answered."""
        try:
            self.call(organisation, method, request, **arguments)
        except Refusal as refusal:
            return refusal.findings
        return ()

    def sign(self, organisation: str, path: str, request: Any) -> bytes:
        act = ACTS[path]
        return statement.make(
            self.signer(organisation), issuer=organisation, subject=act.subject(request), kind=act.kind,
            request_id=request.request_id, body=body.body_of(request), issued_at=self.clock.now(),
        )  # fmt: skip

    def signer(self, organisation: str) -> keys.MemorySigner:
        if organisation not in self.signers:
            signer = self.signers[organisation] = keys.generate()
            with self.engine.begin() as connection:
                traceability_store.insert_key(
                    connection, Key(signer.kid, organisation, signer.spki, datetime(2020, 1, 1, tzinfo=UTC))
                )
        return self.signers[organisation]

    def register(
        self, thing_id: str, kind: pb.OrganisationKind.ValueType, division: str = "440306", number: int = 0
    ) -> None:
        request = pb.RegisterOrganisationRequest(organisation=an_organisation(thing_id, kind, division, number))
        self.call(OPERATOR, "RegisterOrganisation", request)


def an_organisation(
    thing_id: str, kind: pb.OrganisationKind.ValueType, division: str = "440306", number: int = 0
) -> pb.Organisation:
    return pb.Organisation(
        id=thing_id, name=f"单位{thing_id}", credit_code=a_credit_code(number), kinds=[kind], division_code=division
    )


def a_credit_code(number: int) -> str:
    return credit_code(number, "440300")


def an_identity(number: int) -> str:
    return identity_number(number, "440300")


def a_vehicle(
    thing_id: str = "vehicle-1", carrier: str = CARRIER, plate: str = "粤B12345", vin: str = "LHAZWAY0000000001"
) -> pb.Vehicle:
    return pb.Vehicle(
        id=thing_id, carrier_id=carrier, plate=plate, plate_colour=pb.PLATE_COLOUR_YELLOW, vin=vin,
        kind=pb.VEHICLE_KIND_TRACTOR, vehicle_type=pb.VEHICLE_TYPE_FL, towing_mass_g=40_000_000,
        permit_number="440300123456", scope_text="危险货物运输(3类)",
    )  # fmt: skip


def a_tank(thing_id: str = "tank-1", carrier: str = CARRIER, number: str = "T-0001") -> pb.Tank:
    tank = pb.Tank(
        id=thing_id, carrier_id=carrier, number=number, kind=pb.TANK_KIND_ATMOSPHERIC, tank_code="LGBF",
        compartments=[pb.Compartment(number=1, volume_ml=40_000_000)], permitted_media=[pb.Medium(un_number="1203")],
        rated_mass_g=30_000_000,
        state=pb.TankState(condition=pb.TANK_CONDITION_EMPTY_UNCLEANED, last_un_numbers=["1203"]),
    )  # fmt: skip
    tank.next_inspection.iso = "2027-03-01"
    return tank


def a_person(thing_id: str = "person-1", carrier: str = CARRIER, number: int = 1) -> pb.Person:
    person = pb.Person(
        id=thing_id, name="张三", identity_number=an_identity(number), phone="13800000000",
        qualifications=[pb.Qualification(kind=pb.QUALIFICATION_KIND_DRIVER, number="D-1")],
        employment=[pb.Employment(carrier_id=carrier)],
    )  # fmt: skip
    person.employment[0].valid_from.iso = "2025-01-01"
    return person


def reasons(refusal: pytest.ExceptionInfo[Refusal]) -> set[tuple[str, str]]:
    """(path, reason) of everything that was refused."""
    return {(finding.path, finding.reason.name) for finding in refusal.value.findings}
