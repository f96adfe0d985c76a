"""What hand-overs offer on the wire."""

from __future__ import annotations

from services.runtime.service import Service
from services.waybill import handover_answer, handover_code, handover_custody, handover_offer

SERVICE = Service(
    name="hazway.waybill.v1.HandoverService",
    unary={
        "OfferHandover": handover_offer.offer_handover,
        "WithdrawHandover": handover_offer.withdraw_handover,
        "CountersignHandover": handover_answer.countersign_handover,
        "RefuseHandover": handover_answer.refuse_handover,
        "EnterHandoverCode": handover_answer.enter_handover_code,
        "GetHandoverCode": handover_code.get_handover_code,
        "RenewHandoverCode": handover_code.renew_handover_code,
        "GetCustody": handover_custody.get_custody,
    },
)
