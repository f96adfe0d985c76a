"""The waybill on paper: the official form on one page, with the code that proves it at the roadside."""

from __future__ import annotations

from typing import Any

from hazway import roadside_code
from hazway.waybill.v1 import waybill_pb2 as pb
from services.runtime.call import Call
from services.waybill import pdf, roadside_keys
from services.waybill.form import form_of, local
from services.waybill.reads import readable
from services.waybill.roadside import LIVE, code_content, expiry_of, trip_of
from services.waybill.roadside_content import closed_tunnels, qr


def export_waybill_pdf(call: Call, request: Any) -> pb.ExportWaybillPdfResponse:
    """A waybill that does not live (any more) is printed without a code, and says so."""
    waybill = readable(call, request.waybill_id).waybill
    trip = trip_of(call, waybill)
    form = form_of(trip, closed_tunnels=closed_tunnels(trip))
    printed = f"打印时间 {local(call.now)}"
    if waybill.state not in LIVE:
        made = pdf.draw(form, None, ["本运单已终止，不得用于运输", printed])
        return pb.ExportWaybillPdfResponse(pdf=made, file_name=f"{waybill.number}.pdf")
    content = code_content(call, waybill)
    code = roadside_code.make(content, roadside_keys.signer_at(call.settings.home, call.now))
    notes = [
        f"路检码有效期至 {local(expiry_of(content))}",
        "扫码核验真伪；复印件同样能通过核验，请核对车牌、驾驶员与押运员。",
        f"记录 {content.record.hex()[:16]}…｜日志序号 {content.leaf}｜{printed}",
    ]
    made = pdf.draw(form, qr(code).matrix, notes)
    return pb.ExportWaybillPdfResponse(pdf=made, file_name=f"{waybill.number}.pdf")
