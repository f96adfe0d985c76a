"""The loader's part: the five checks failed once and passed once, the fill permit, the weights, the record. And the cleaning."""

from __future__ import annotations

from hazway import ids
from hazway.loading.v1 import loading_pb2 as pb
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2
from hazway.zones.v1 import zones_pb2
from services.demo import cast, trip
from services.demo.expectations import Expectations
from services.demo.stage import Stage

_LOADING = "hazway.loading.v1.LoadingService"
_TARE_G = 15_300_000
# The five checks of Order 29 Art. 28, and what a depot looks at before it opens a valve.
_ITEMS = (
    pb.CHECK_CODE_VEHICLE_PAPERS,
    pb.CHECK_CODE_CREW_PAPERS,
    pb.CHECK_CODE_INSPECTION,
    pb.CHECK_CODE_GOODS_AS_WAYBILL,
    pb.CHECK_CODE_PERMITTED_MEDIUM,
    pb.CHECK_CODE_LAST_CARGO,
    pb.CHECK_CODE_KEYS_HELD,
    pb.CHECK_CODE_WHEEL_CHOCKS,
    pb.CHECK_CODE_STATIC_EARTH,
    pb.CHECK_CODE_FLAME_ARRESTER,
)
_AFTER = (
    pb.POST_FILL_CODE_CLOSURES,
    pb.POST_FILL_CODE_NO_LEAK,
    pb.POST_FILL_CODE_DISCONNECTED,
    pb.POST_FILL_CODE_MARKS,
)


def play(stage: Stage, waybill: waybill_pb2.Waybill, held: Expectations) -> None:
    """From the gate to the clearance."""
    loader = stage.client(cast.LOADER)
    failed = loader.call(f"{_LOADING}/SubmitCheck", _check(waybill, failing=pb.CHECK_CODE_STATIC_EARTH))
    held.expect(
        failed.outcome == pb.RESULT_FAIL and not failed.HasField("permit") and failed.may_leave_empty,
        "查验不合格不发充装许可，空车可以离开",
        "a FAIL gives no fill permit; the lorry may leave empty",
    )
    held.expect(_no_permit(stage, waybill.id), "不合格后查不到充装许可", "there is no fill permit to be had after it")
    passed = loader.call(f"{_LOADING}/SubmitCheck", _check(waybill))
    held.expect(
        passed.outcome == pb.RESULT_PASS and passed.permit.maximum_total_g >= trip.LOAD_G,
        "整改后查验合格，发放充装许可",
        "after the fault is mended the check passes and gives a fill permit",
        f"≤ {passed.permit.maximum_total_g / 1e6:.1f} t",
    )
    weights = pb.Weights(tare_g=_TARE_G, gross_g=_TARE_G + trip.LOAD_G, scale="示例地磅1号", ticket="示例磅单0001")
    loader.call(f"{_LOADING}/RecordWeights", pb.RecordWeightsRequest(waybill_id=waybill.id, weights=weights))
    loader.call(
        f"{_LOADING}/RecordPostFill",
        pb.RecordPostFillRequest(
            waybill_id=waybill.id,
            post_fill=pb.PostFill(
                items=[
                    pb.PostFillItem(code=code, result=pb.RESULT_PASS, checked_by_id=cast.SUPERVISOR) for code in _AFTER
                ],
                seals=[pb.Seal(number="示例封0001", compartment=1, place="卸料口 outlet")],
            ),
        ),
    )
    recorded = loader.call(f"{_LOADING}/RecordLoading", _record(waybill))
    held.expect(
        recorded.record.lines[0].mass_g == trip.LOAD_G,
        "装货记录载明实际数量并放行",
        "the loading record holds the actual quantity and clears the departure",
        f"{recorded.record.lines[0].mass_g / 1e6:.1f} t",
    )


def clean_and_return(stage: Stage, road: zones_pb2.PlanRouteResponse) -> str:
    """The tank is cleaned, and goes back empty under a waybill of its own along this road; the waybill's id."""
    stage.client(cast.CARRIER).call(
        "hazway.registry.v1.RegistryService/SetTankState",
        registry.SetTankStateRequest(
            tank_id=cast.PETROL_TANK,
            state=registry.TankState(
                condition=registry.TANK_CONDITION_CLEANED, certificate="示例清洗证0002", station="示例清洗站"
            ),
        ),
    )
    waybill = trip.draft(stage, road, kind=waybill_pb2.WAYBILL_KIND_EMPTY_RETURN)
    for line in waybill.goods:
        line.mass_g = 0
    for stop in waybill.stops:
        del stop.drops[:]
    trip.issue(stage, waybill_pb2.IssueWaybillRequest(waybill=waybill))
    trip.depart(stage, waybill.id)
    return waybill.id


def _check(waybill: waybill_pb2.Waybill, *, failing: int = pb.CHECK_CODE_UNSPECIFIED) -> pb.SubmitCheckRequest:
    line = waybill.goods[0]
    return pb.SubmitCheckRequest(
        check=pb.Check(
            id=ids.new_id(),
            waybill_id=waybill.id,
            items=[
                pb.CheckItem(
                    code=code,
                    result=pb.RESULT_FAIL if code == failing else pb.RESULT_PASS,
                    note="静电接地线断开 the earth lead is broken" if code == failing else "",
                    checked_by_id=cast.SUPERVISOR,
                )
                for code in _ITEMS
            ],
            fills=[
                pb.Fill(
                    goods_number=line.number,
                    un_number=line.un_number,
                    name=line.name,
                    packing_group=line.packing_group,
                    compartment=1,
                    density_mg_per_ml=737,
                    temperature_dc=150,
                    expansion_ppm_per_k=1_200,
                )
            ],
        )
    )


def _record(waybill: waybill_pb2.Waybill) -> pb.RecordLoadingRequest:
    return pb.RecordLoadingRequest(
        record=pb.LoadingRecord(
            id=ids.new_id(),
            waybill_id=waybill.id,
            supervisor_id=cast.SUPERVISOR,
            lines=[pb.LoadedLine(goods_number=1, compartment=1, mass_g=trip.LOAD_G)],
        )
    )


def _no_permit(stage: Stage, waybill_id: str) -> bool:
    try:
        stage.client(cast.LOADER).call(f"{_LOADING}/GetFillPermit", pb.GetFillPermitRequest(waybill_id=waybill_id))
    except Refused:
        return True
    return False
