"""What waybills offer on the wire."""

from __future__ import annotations

from services.runtime.service import Service
from services.waybill import acts, deliver, issue, reads

SERVICE = Service(
    name="hazway.waybill.v1.WaybillService",
    unary={
        "IssueWaybill": issue.issue_waybill,
        "GetWaybill": reads.get_waybill,
        "DepartWaybill": acts.depart_waybill,
        "ArriveWaybill": acts.arrive_waybill,
        "UnloadWaybill": acts.unload_waybill,
        "SignDelivery": deliver.sign_delivery,
        "VoidWaybill": acts.void_waybill,
    },
)
