"""What loading offers on the wire."""

from __future__ import annotations

from services.loading import check, fill, record
from services.runtime.service import Service

SERVICE = Service(
    name="hazway.loading.v1.LoadingService",
    unary={
        "CreateAppointment": check.create_appointment,
        "GetChecklist": check.get_checklist,
        "SubmitCheck": check.submit_check,
        "GetFillPermit": fill.get_fill_permit,
        "RecordWeights": fill.record_weights,
        "RecordPostFill": fill.record_post_fill,
        "RecordLoading": record.record_loading,
        "GetLoading": fill.get_loading,
    },
)
