"""Reasons of the alarms slice."""

from services.errors.reason import Reason, Status

ALARM_CLOSED = Reason(
    "ALARM_CLOSED", Status.FAILED_PRECONDITION,
    "该报警已处置或已撤销", "The alarm is handled or withdrawn already", "无需再次处置", "There is nothing left to do",
)  # fmt: skip
RESUME_TOKEN_INVALID = Reason(
    "RESUME_TOKEN_INVALID", Status.INVALID_ARGUMENT,
    "续传标记无效", "The resume token is not one of ours", "请去掉标记重新订阅", "Watch again without it",
)  # fmt: skip
