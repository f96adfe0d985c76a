"""The loader's side of a trip: well-formed requests for a waybill of 28 t of petrol, sent by a real client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hazway import ids
from hazway.loading.v1 import loading_pb2 as pb
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as waybill
from tests.cast import CARRIER, LOADER, Cast, a_person, a_waybill

SERVICE = "hazway.loading.v1.LoadingService"
NET, TARE = 28_000_000, 16_000_000
CHECKER, SECOND, APPROVER = "checker", "second", "approver"
PHOTO = "ab" * 32


@dataclass
class Depot:
    cast: Cast
    waybill: waybill.Waybill

    @classmethod
    def open(cls, cast: Cast) -> Depot:
        for number, person in enumerate((CHECKER, SECOND, APPROVER), start=50):
            cast.register(registry.PutPersonRequest(person=a_supervisor(person, number)), by=LOADER)
        return cls(cast, cast.issue(a_waybill()).waybill)

    def call(self, method: str, request: Any, by: str = LOADER, **options: Any) -> Any:
        return self.cast.call(by, f"{SERVICE}/{method}", request, **options)

    def checklist(self, **options: Any) -> pb.Checklist:
        return self.call("GetChecklist", pb.GetChecklistRequest(waybill_id=self.waybill.id), **options)

    def a_check(self, **results: int) -> pb.Check:
        """Everything that applies passes but for ``results`` (code=result), which get a note."""
        check = pb.Check(id=ids.new_id(), waybill_id=self.waybill.id, fills=[a_fill()])
        for item in self.checklist().items:
            name = pb.CheckCode.Name(item.code).removeprefix("CHECK_CODE_")
            if item.applies or name in results:
                result = results.get(name, pb.RESULT_PASS)
                note = "现场查验不合格" if result == pb.RESULT_FAIL else ""
                check.items.add(code=item.code, result=result, checked_by_id=CHECKER, note=note)
        return check

    def submit(self, check: pb.Check | None = None, **options: Any) -> pb.SubmitCheckResponse:
        return self.call("SubmitCheck", pb.SubmitCheckRequest(check=check or self.a_check()), **options)

    def fail(self, code: str = "KEYS_HELD") -> pb.SubmitCheckResponse:
        return self.submit(self.a_check(**{code: pb.RESULT_FAIL}))

    def permit(self, **options: Any) -> pb.FillPermit:
        return self.call("GetFillPermit", pb.GetFillPermitRequest(waybill_id=self.waybill.id), **options)

    def weigh(self, net: int = NET, tare: int = TARE) -> pb.RecordWeightsResponse:
        weights = pb.Weights(tare_g=tare, gross_g=tare + net if net else 0, scale="S-1", ticket="T-1")
        return self.call("RecordWeights", pb.RecordWeightsRequest(waybill_id=self.waybill.id, weights=weights))

    def seal(self, **results: int) -> pb.RecordPostFillResponse:
        post_fill = pb.PostFill(seals=[pb.Seal(number="F-1", compartment=1, place="人孔")])
        for name in ("CLOSURES", "NO_LEAK", "DISCONNECTED", "MARKS"):
            code, result = f"POST_FILL_CODE_{name}", results.get(name, pb.RESULT_PASS)
            note = "不合格" if result == pb.RESULT_FAIL else ""
            post_fill.items.add(code=code, result=result, checked_by_id=CHECKER, note=note)
        request = pb.RecordPostFillRequest(waybill_id=self.waybill.id, post_fill=post_fill)
        return self.call("RecordPostFill", request)

    def record(self, mass: int = NET, **options: Any) -> pb.RecordLoadingResponse:
        return self.call("RecordLoading", pb.RecordLoadingRequest(record=self.a_record(mass)), **options)

    def a_record(self, mass: int = NET) -> pb.LoadingRecord:
        line = pb.LoadedLine(goods_number=1, compartment=1, mass_g=mass)
        return pb.LoadingRecord(id=ids.new_id(), waybill_id=self.waybill.id, lines=[line], supervisor_id=CHECKER)

    def load(self, net: int = NET) -> pb.RecordLoadingResponse:
        """From the gate to the record."""
        self.submit()
        self.weigh(net)
        self.seal()
        return self.record(net)

    def loading(self, **options: Any) -> pb.Loading:
        return self.call("GetLoading", pb.GetLoadingRequest(waybill_id=self.waybill.id), **options)

    def depart(self) -> Any:
        return self.cast.call(CARRIER, "DepartWaybill", waybill.DepartWaybillRequest(waybill_id=self.waybill.id))

    def tank(self) -> registry.Tank:
        method = "hazway.registry.v1.RegistryService/GetTank"
        return self.cast.call(CARRIER, method, registry.GetTankRequest(tank_id="tank"))


def a_fill(**changes: Any) -> pb.Fill:
    values: dict[str, Any] = {
        "goods_number": 1,
        "un_number": "1203",
        "name": "车用汽油",
        "compartment": 1,
        "density_mg_per_ml": 740,
    }
    return pb.Fill(**(values | changes))


def a_supervisor(person_id: str, number: int) -> registry.Person:
    person = a_person(person_id, LOADER, number)
    person.qualifications[0].kind = registry.QUALIFICATION_KIND_LOADING_SUPERVISOR
    return person


def reasons(caught: pytest.ExceptionInfo[Refused]) -> set[str]:
    """The names of everything the call was refused for."""
    return {fault.reason for fault in caught.value.faults}


def failed(answer: pb.SubmitCheckResponse) -> set[str]:
    return {
        pb.CheckCode.Name(item.code).removeprefix("CHECK_CODE_")
        for item in answer.items
        if item.result == pb.RESULT_FAIL
    }
