"""What waybills, and all that goes with them, offer on the wire."""

from __future__ import annotations

from services.runtime.service import Service
from services.waybill import acts, day_bundles, deliver, depart, printing, reads, roadside, templates
from services.waybill.consignment import acts as consignment_acts
from services.waybill.consignment import reads as consignment_reads
from services.waybill.handover import answer, codes, offer
from services.waybill.handover import reads as handover_reads
from services.waybill.issuing import many, numbers, one
from services.waybill.preparation import acts as preparation_acts
from services.waybill.provincial import reads as provincial
from services.waybill.receivers import acts as receivers
from services.waybill.revision import amend, swap

SERVICE = Service(
    name="hazway.waybill.v1.WaybillService",
    unary={
        "IssueWaybill": one.issue_waybill,
        "BatchIssueWaybills": many.batch_issue_waybills,
        "GetWaybill": reads.get_waybill,
        "ListWaybills": reads.list_waybills,
        "DepartWaybill": depart.depart_waybill,
        "ArriveWaybill": acts.arrive_waybill,
        "UnloadWaybill": acts.unload_waybill,
        "SignDelivery": deliver.sign_delivery,
        "VoidWaybill": acts.void_waybill,
        "AmendWaybill": amend.amend_waybill,
        "SignRevision": amend.sign_revision,
        "RevertRevision": amend.revert_revision,
        "ListRevisions": reads.list_revisions,
        "SwapAssignment": swap.swap_assignment,
        "AllotNumbers": numbers.allot_numbers,
        "GetRoadsideCode": roadside.get_roadside_code,
        "GetDayBundle": day_bundles.get_day_bundle,
        "ExportWaybillPdf": printing.export_waybill_pdf,
        "FindByPlate": roadside.find_by_plate,
    },
)
FLEET_SERVICE = Service(
    name="hazway.waybill.v1.FleetService",
    unary={
        "PutReceiver": receivers.put_receiver,
        "ListReceivers": receivers.list_receivers,
        "RemoveReceiver": receivers.remove_receiver,
        "ListDeliveries": receivers.list_deliveries,
        "ReplayDeliveries": receivers.replay_deliveries,
        "ExportProvincial": provincial.export_provincial,
        "PreviewProvincial": provincial.preview_provincial,
    },
)
CONSIGNMENT_SERVICE = Service(
    name="hazway.waybill.v1.ConsignmentService",
    unary={
        "CreateConsignmentList": consignment_acts.create_consignment_list,
        "AmendConsignmentList": consignment_acts.amend_consignment_list,
        "AcceptConsignmentList": consignment_acts.accept_consignment_list,
        "RefuseConsignmentList": consignment_acts.refuse_consignment_list,
        "WithdrawConsignmentList": consignment_acts.withdraw_consignment_list,
        "GetConsignmentList": consignment_reads.get_consignment_list,
        "ListConsignmentLists": consignment_reads.list_consignment_lists,
    },
)
TEMPLATE_SERVICE = Service(
    name="hazway.waybill.v1.TemplateService",
    unary={
        "PutTemplate": templates.put_template,
        "GetTemplate": templates.get_template,
        "ListTemplates": templates.list_templates,
        "DeleteTemplate": templates.delete_template,
        "PreviewFromTemplate": templates.preview_from_template,
    },
)
HANDOVER_SERVICE = Service(
    name="hazway.waybill.v1.HandoverService",
    unary={
        "OfferHandover": offer.offer_handover,
        "WithdrawHandover": offer.withdraw_handover,
        "CountersignHandover": answer.countersign_handover,
        "RefuseHandover": answer.refuse_handover,
        "EnterHandoverCode": answer.enter_handover_code,
        "GetHandoverCode": codes.get_handover_code,
        "RenewHandoverCode": codes.renew_handover_code,
        "GetCustody": handover_reads.get_custody,
    },
)
PREPARATION_SERVICE = Service(
    name="hazway.waybill.v1.PreparationService",
    unary={
        "RecordTripCheck": preparation_acts.record_trip_check,
        "RecordBriefing": preparation_acts.record_briefing,
        "ListPreparations": preparation_acts.list_preparations,
    },
)
SERVICES = (SERVICE, CONSIGNMENT_SERVICE, TEMPLATE_SERVICE, FLEET_SERVICE, HANDOVER_SERVICE, PREPARATION_SERVICE)
