"""The papers that pass between people: the consignment list, the hand-overs at both ends, and the code shown at the roadside."""

from __future__ import annotations

import time
from datetime import UTC
from typing import Any

from hazway import ids, roadside, trust
from hazway.refusals import Refused
from hazway.roadside import RoadsideAnswer, Verdict
from hazway.waybill.v1 import consignment_pb2, waybill_pb2
from hazway.waybill.v1 import handover_pb2 as pb
from services import traceability
from services.demo import cast, trip
from services.demo.expectations import Expectations
from services.demo.stage import Stage

_WAYBILL = "hazway.waybill.v1.WaybillService"
_HANDOVER = "hazway.waybill.v1.HandoverService"
_CONSIGNMENT = "hazway.waybill.v1.ConsignmentService"
_PATIENCE_S = 30.0


def consign(stage: Stage, planned: waybill_pb2.Waybill) -> str:
    """The refinery sends a list of what the waybill shall carry, the carrier accepts it, the waybill names it; its id."""
    line = planned.goods[0]
    sent = consignment_pb2.ConsignmentList(
        id=ids.new_id(),
        number="示例托单0001",
        consignor=planned.consignor,
        carrier=planned.carrier,
        loader=planned.loader,
        consignee=planned.consignee,
        origin=planned.origin,
        destination=planned.destination,
        emergency_phone=planned.emergency_phone,
        lines=[
            consignment_pb2.ConsignmentLine(
                number=1,
                un_number=line.un_number,
                name=line.name,
                hazard_class=line.hazard_class,
                packing_group=line.packing_group,
                mass_g=line.mass_g,
                mode=line.mode,
                safety=consignment_pb2.SafetyAdvice(
                    hazard_properties="易燃液体，蒸气可与空气形成爆炸性混合物 flammable, its vapour explosive in air",
                    precautions=planned.precautions,
                    first_aid="移至空气新鲜处，就医 fresh air, a doctor",
                    fire_fighting="泡沫、干粉，不用直流水 foam or powder, no jet of water",
                    spill_handling="切断火源，沙土吸收 no ignition, absorb with sand",
                    secondary_pollution="防止流入下水道和水体 keep out of drains and waters",
                ),
            )
        ],
    )
    request = consignment_pb2.CreateConsignmentListRequest(consignment_list=sent)
    made = stage.client(cast.CONSIGNOR).call(f"{_CONSIGNMENT}/CreateConsignmentList", request).consignment_list
    accept = consignment_pb2.AcceptConsignmentListRequest(consignment_list_id=made.id, revision=made.revision)
    stage.client(cast.CARRIER).call(f"{_CONSIGNMENT}/AcceptConsignmentList", accept)
    planned.consignment_list_ids.append(made.id)
    return str(made.id)


def is_carried(stage: Stage, list_id: str) -> bool:
    """Whether waybills carry all of the list, to the gram."""
    request = consignment_pb2.GetConsignmentListRequest(consignment_list_id=list_id)
    found = stage.client(cast.CONSIGNOR).call(f"{_CONSIGNMENT}/GetConsignmentList", request)
    return bool(found.state == consignment_pb2.LIST_STATE_ALLOTTED and found.lines[0].remaining_g == 0)


def take_over(stage: Stage, waybill: waybill_pb2.Waybill, held: Expectations) -> None:
    """The depot hands the loaded lorry over; nobody but the carrier signs for it."""
    offered = _offer(stage, cast.LOADER, waybill, pb.HANDOVER_KIND_LOADING, taker=waybill.carrier)
    answer = pb.CountersignHandoverRequest(
        waybill_id=waybill.id,
        handover_id=offered.id,
        statement_digest=offered.statement_digest,
        signed_by="张示例",
    )
    forged = _is_refused(stage, cast.LOADER, "CountersignHandover", answer)
    signed = stage.client(cast.CARRIER).call(f"{_HANDOVER}/CountersignHandover", answer).handover
    held.expect(
        forged and signed.state == pb.HANDOVER_STATE_COUNTERSIGNED,
        "装货人与承运人就同一摘要双方签字交接，交出方不能代签",
        "loader and carrier sign one digest; the giver cannot sign for the taker",
    )


def check_at_roadside(stage: Stage, waybill: waybill_pb2.Waybill, held: Expectations) -> None:
    """The police fetched the day's data; now they read the lorry's code with no network at all."""
    request = waybill_pb2.GetRoadsideCodeRequest(waybill_id=waybill.id)
    shown = stage.client(cast.CARRIER).call(f"{_WAYBILL}/GetRoadsideCode", request)
    bundle = _day_bundle(stage)
    known = trust.parse(traceability.trust_file(traceability.keeper_of(stage.settings)))
    at = stage.now()

    def judge(text: str) -> RoadsideAnswer:
        return roadside.check(text, bundle, known, at)

    read = judge(shown.code)
    held.expect(
        read.verdict is Verdict.VALID and shown.qr_version <= 20,
        "路检码离线核验有效，数据时间可见",
        "the roadside code is valid offline, and the age of the data is shown",
        f"QR {shown.qr_version}-M, {read.verdict.zh}",
    )
    last = "0" if shown.code[-1] != "0" else "1"
    held.expect(
        judge(shown.code[:-1] + last).verdict is not Verdict.VALID,
        "改一个字符即不再有效",
        "one character changed is not valid any more",
    )


def _day_bundle(stage: Stage) -> bytes:
    """One made after this moment; the server makes one a minute at most."""
    asked, deadline = stage.now(), time.monotonic() + _PATIENCE_S
    while True:
        answer = stage.client(cast.POLICE).call(f"{_WAYBILL}/GetDayBundle", waybill_pb2.GetDayBundleRequest())
        if answer.generated_at.ToDatetime(UTC) > asked or time.monotonic() > deadline:
            return bytes(answer.bundle)
        time.sleep(0.2)


def deliver(stage: Stage, waybill: waybill_pb2.Waybill) -> waybill_pb2.Waybill:
    """The driver hands the petrol to the station, whose keeper signs by a one-time code on the driver's phone."""
    offered = _offer(stage, cast.CARRIER, waybill, pb.HANDOVER_KIND_DELIVERY, stop_number=1)
    asked = pb.GetHandoverCodeRequest(waybill_id=waybill.id, handover_id=offered.id)
    code = stage.client(cast.CONSIGNEE).call(f"{_HANDOVER}/GetHandoverCode", asked).code
    entered = pb.EnterHandoverCodeRequest(
        waybill_id=waybill.id,
        handover_id=offered.id,
        statement_digest=offered.statement_digest,
        code=code,
        signed_by="收货示例",
        received=[waybill_pb2.Received(goods_number=1, delivered_g=trip.LOAD_G)],
    )
    stage.client(cast.CARRIER).call(f"{_HANDOVER}/EnterHandoverCode", entered)
    request = waybill_pb2.GetWaybillRequest(waybill_id=waybill.id)
    found: waybill_pb2.Waybill = stage.client(cast.CARRIER).call(f"{_WAYBILL}/GetWaybill", request)
    return found


def _offer(
    stage: Stage,
    giver: str,
    waybill: waybill_pb2.Waybill,
    kind: int,
    *,
    taker: waybill_pb2.Party | None = None,
    stop_number: int = 0,
) -> pb.Handover:
    """What is aboard, all of it, in the revision that stands."""
    asked = pb.GetCustodyRequest(waybill_id=waybill.id)
    custody = stage.client(giver).call(f"{_HANDOVER}/GetCustody", asked)
    offer = pb.Handover(
        id=ids.new_id(),
        waybill_id=waybill.id,
        kind=kind,  # type: ignore[arg-type]  # enum values are plain numbers
        stop_number=stop_number,
        revision=custody.revision,
        revision_digest=custody.revision_digest,
        loading_record_digest=custody.loading_record_digest,
        lines=custody.aboard,
        seals=["示例封0001"],
        place=waybill.destination if stop_number else waybill.origin,
    )
    if taker is not None:
        offer.taker.name, offer.taker.organisation_id = taker.name, taker.organisation_id
    offered: Any = stage.client(giver).call(f"{_HANDOVER}/OfferHandover", pb.OfferHandoverRequest(handover=offer))
    handover: pb.Handover = offered.handover
    return handover


def _is_refused(stage: Stage, organisation: str, method: str, request: Any) -> bool:
    unsent = type(request).FromString(request.SerializeToString())
    try:
        stage.client(organisation).call(f"{_HANDOVER}/{method}", unsent)
    except Refused:
        return True
    return False
