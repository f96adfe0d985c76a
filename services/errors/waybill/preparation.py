"""Before the trip: the carrier's check and briefing, the crew's outer check (PREP-01 to PREP-03)."""

from services.errors.reason import Reason, Status

PREPARATION_TOO_LATE = Reason(
    "PREPARATION_TOO_LATE", Status.FAILED_PRECONDITION,
    "{kind}应在发车前进行", "The {kind} belongs before the departure", "请核对时间", "Check the time",
)  # fmt: skip
PREPARATION_INCOMPLETE = Reason(
    "PREPARATION_INCOMPLETE", Status.INVALID_ARGUMENT,
    "{kind}缺少或重复：{what}", "The {kind} lacks or repeats {what}", "请逐项填写，每项一次", "State every item, each once",
)  # fmt: skip
PREPARATION_MISSING = Reason(
    "PREPARATION_MISSING", Status.FAILED_PRECONDITION,
    "没有{kind}记录", "There is no record of the {kind}", "请补做并记录", "Do it and record it",
)  # fmt: skip
PREPARATION_FAILED = Reason(
    "PREPARATION_FAILED", Status.FAILED_PRECONDITION,
    "{kind}不合格：{what}", "The {kind} failed: {what}", "请整改后重新检查", "Put it right and check again",
)  # fmt: skip
