"""Reasons of the traceability slice."""

from services.errors.reason import Reason, Status

STATEMENT_MISSING = Reason(
    "STATEMENT_MISSING", Status.INVALID_ARGUMENT,
    "缺少签名声明", "The signed statement is missing",
    "请用本单位登记的密钥签署后提交", "Sign the act with a registered key of your organisation",
)  # fmt: skip
STATEMENT_INVALID = Reason(
    "STATEMENT_INVALID", Status.INVALID_ARGUMENT,
    "签名声明无效：{problem_zh}", "The signed statement does not hold: {problem}",
    "请重新签署本次请求的内容", "Sign the content of this very request again",
)  # fmt: skip
KEY_UNKNOWN = Reason(
    "KEY_UNKNOWN", Status.FAILED_PRECONDITION,
    "签名密钥未登记或已吊销", "The signing key is not registered, or is revoked",
    "请先登记密钥，或改用有效密钥", "Register the key first, or use an active one",
)  # fmt: skip
KEY_EXISTS = Reason(
    "KEY_EXISTS", Status.ALREADY_EXISTS,
    "该密钥已登记", "This key is registered already", "请生成新的密钥", "Make a new key",
)  # fmt: skip
ENDORSEMENT_NEEDED = Reason(
    "ENDORSEMENT_NEEDED", Status.FAILED_PRECONDITION,
    "新增密钥须由现有有效密钥背书", "A further key must be endorsed by a key that is active",
    "请用现有密钥签署背书；密钥遗失请联系平台运营方吊销", "Endorse it with an active key; for a lost key ask the operator to revoke it",
)  # fmt: skip
NOT_YET_IN_LOG = Reason(
    "NOT_YET_IN_LOG", Status.UNAVAILABLE,
    "记录尚未入账", "The registration is not in the log yet", "请在一秒后重试", "Ask again in a second",
)  # fmt: skip
STATED_ALREADY = Reason(
    "STATED_ALREADY", Status.ALREADY_EXISTS,
    "该声明已登记", "This statement is registered already", "无需重复提交", "There is no need to send it again",
)  # fmt: skip
LOG_FROZEN = Reason(
    "LOG_FROZEN", Status.UNAVAILABLE,
    "记录日志已冻结：{problem}", "The log is frozen: {problem}", "请联系平台运营方", "Ask the operator",
)  # fmt: skip
NOT_WITNESSED = Reason(
    "NOT_WITNESSED", Status.FAILED_PRECONDITION,
    "尚未获得足够见证方签名，不能向监管部门出具", "Too few witnesses have cosigned the log for an export to an authority",
    "请稍后重试；持续出现请联系平台运营方", "Ask again in a few seconds; if it lasts, ask the operator",
)  # fmt: skip
RECORD_TOO_LARGE = Reason(
    "RECORD_TOO_LARGE", Status.FAILED_PRECONDITION,
    "记录超出单个文件的上限", "The record is larger than one file may be", "请缩短查询期间", "Ask for a shorter period",
)  # fmt: skip
