"""The stated acts: which calls are signed, under what kind, about which subject. Client and server read this one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hazway import key_record


@dataclass(frozen=True, slots=True)
class Act:
    """``kind`` is stated in the payload; ``subject(request)`` is the statement's subject, ``thing/<id>``."""

    kind: str
    subject: Callable[[Any], str]


ACTS: Mapping[str, Act] = {
    "hazway.alarms.v1.AlarmService/HandleAlarm": Act("alarm.handle", lambda request: f"alarm/{request.alarm_id}"),
    "hazway.alarms.v1.AlarmService/RequestSupervision": Act(
        "alarm.supervise", lambda request: f"alarm/{request.alarm_id}"
    ),
    "hazway.alarms.v1.AlarmService/AnswerSupervision": Act(
        "alarm.supervision_answer", lambda request: f"alarm/{request.alarm_id}"
    ),
    "hazway.traceability.v1.TraceabilityService/RegisterKey": Act(
        key_record.REGISTER, lambda request: key_record.subject_of(request.organisation)
    ),
    "hazway.traceability.v1.TraceabilityService/RevokeKey": Act(
        key_record.REVOKE, lambda request: key_record.subject_of(request.organisation)
    ),
    "hazway.traceability.v1.TraceabilityService/SetLegalHold": Act("record.hold", lambda request: request.subject),
    "hazway.registry.v1.RegistryService/RegisterOrganisation": Act(
        "registry.organisation", lambda request: f"organisation/{request.organisation.id}"
    ),
    "hazway.registry.v1.RegistryService/SuspendOrganisation": Act(
        "registry.suspend", lambda request: f"organisation/{request.organisation_id}"
    ),
    "hazway.registry.v1.RegistryService/PutLicence": Act(
        "registry.licence", lambda request: f"organisation/{request.licence.organisation_id}"
    ),
    "hazway.registry.v1.RegistryService/PutVehicle": Act(
        "registry.vehicle", lambda request: f"vehicle/{request.vehicle.id}"
    ),
    "hazway.registry.v1.RegistryService/MergeVehicles": Act(
        "registry.merge", lambda request: f"vehicle/{request.kept_id}"
    ),
    "hazway.registry.v1.RegistryService/PutTank": Act("registry.tank", lambda request: f"tank/{request.tank.id}"),
    "hazway.registry.v1.RegistryService/SetTankState": Act(
        "registry.tank_state", lambda request: f"tank/{request.tank_id}"
    ),
    "hazway.registry.v1.RegistryService/PutPerson": Act(
        "registry.person", lambda request: f"person/{request.person.id}"
    ),
    "hazway.registry.v1.RegistryService/EndEmployment": Act(
        "registry.employment_end", lambda request: f"person/{request.person_id}"
    ),
    "hazway.registry.v1.RegistryService/PutPermit": Act(
        "registry.permit", lambda request: f"organisation/{request.permit.organisation_id}"
    ),
    "hazway.registry.v1.RegistryService/RevokePermit": Act(
        "registry.permit_revoke", lambda request: f"organisation/{request.organisation_id}"
    ),
    "hazway.registry.v1.RegistryService/ImportRows": Act(
        "registry.import", lambda request: f"organisation/{request.organisation_id}"
    ),
    "hazway.registry.v1.AffiliationService/PutAffiliation": Act(
        "registry.affiliation", lambda request: f"vehicle/{request.affiliation.id}"
    ),
    "hazway.zones.v1.ZoneService/PutZone": Act("zone.put", lambda request: f"zone/{request.zone.id}"),
    "hazway.zones.v1.ZoneService/DeclareTunnel": Act("zone.declare", lambda request: f"zone/{request.zone_id}"),
    "hazway.zones.v1.ZoneService/WithdrawZone": Act("zone.withdraw", lambda request: f"zone/{request.zone_id}"),
    "hazway.waybill.v1.WaybillService/AmendWaybill": Act(
        "waybill.amend", lambda request: f"waybill/{request.waybill.id}"
    ),
    "hazway.waybill.v1.WaybillService/SignRevision": Act(
        "waybill.sign_revision", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/RevertRevision": Act(
        "waybill.revert", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/SwapAssignment": Act(
        "waybill.swap", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/IssueWaybill": Act(
        "waybill.issue", lambda request: f"waybill/{request.waybill.id}"
    ),
    "hazway.waybill.v1.WaybillService/DepartWaybill": Act(
        "waybill.depart", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/ArriveWaybill": Act(
        "waybill.arrive", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/UnloadWaybill": Act(
        "waybill.unload", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/SignDelivery": Act(
        "waybill.sign", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.HandoverService/OfferHandover": Act(
        "waybill.hand_over", lambda request: f"waybill/{request.handover.waybill_id}"
    ),
    "hazway.waybill.v1.HandoverService/WithdrawHandover": Act(
        "waybill.withdraw_hand_over", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.HandoverService/CountersignHandover": Act(
        "waybill.countersign", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.HandoverService/RefuseHandover": Act(
        "waybill.refuse_hand_over", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.PreparationService/RecordTripCheck": Act(
        "waybill.trip_check", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.PreparationService/RecordBriefing": Act(
        "waybill.briefing", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.WaybillService/VoidWaybill": Act(
        "waybill.void", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.waybill.v1.ConsignmentService/CreateConsignmentList": Act(
        "consignment.create", lambda request: f"consignment-list/{request.consignment_list.id}"
    ),
    "hazway.waybill.v1.ConsignmentService/AmendConsignmentList": Act(
        "consignment.amend", lambda request: f"consignment-list/{request.consignment_list.id}"
    ),
    "hazway.waybill.v1.ConsignmentService/AcceptConsignmentList": Act(
        "consignment.accept", lambda request: f"consignment-list/{request.consignment_list_id}"
    ),
    "hazway.waybill.v1.ConsignmentService/RefuseConsignmentList": Act(
        "consignment.refuse", lambda request: f"consignment-list/{request.consignment_list_id}"
    ),
    "hazway.waybill.v1.ConsignmentService/WithdrawConsignmentList": Act(
        "consignment.withdraw", lambda request: f"consignment-list/{request.consignment_list_id}"
    ),
    "hazway.loading.v1.LoadingService/CreateAppointment": Act(
        "loading.appoint", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.loading.v1.LoadingService/SubmitCheck": Act(
        "loading.check", lambda request: f"waybill/{request.check.waybill_id}"
    ),
    "hazway.loading.v1.LoadingService/RecordWeights": Act(
        "loading.weights", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.loading.v1.LoadingService/RecordPostFill": Act(
        "loading.post_fill", lambda request: f"waybill/{request.waybill_id}"
    ),
    "hazway.loading.v1.LoadingService/RecordLoading": Act(
        "loading.record", lambda request: f"waybill/{request.record.waybill_id}"
    ),
}
