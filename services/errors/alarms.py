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
ALARM_WITHDRAWN = Reason(
    "ALARM_WITHDRAWN", Status.FAILED_PRECONDITION,
    "该报警已撤销", "The alarm has been withdrawn", "无需督办", "There is nothing to account for",
)  # fmt: skip
SUPERVISION_ANSWERED = Reason(
    "SUPERVISION_ANSWERED", Status.FAILED_PRECONDITION,
    "该督办已答复", "The supervision request is answered already", "无需再次答复", "There is nothing left to do",
)  # fmt: skip
SUPERVISION_DUE_PAST = Reason(
    "SUPERVISION_DUE_PAST", Status.INVALID_ARGUMENT,
    "答复期限须晚于现在", "The time to answer by must lie ahead", "请更正期限", "Set a later time",
)  # fmt: skip
SUPERVISION_ID_TAKEN = Reason(
    "SUPERVISION_ID_TAKEN", Status.ALREADY_EXISTS,
    "督办编号已被使用", "The id of the supervision request is taken", "请换用新的编号", "Make a new id",
)  # fmt: skip
