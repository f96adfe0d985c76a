"""Amendments and corrections of a waybill."""

from services.errors.reason import Reason, Status

REVISION_OPEN = Reason(
    "REVISION_OPEN", Status.FAILED_PRECONDITION,
    "已有未完成的更正 {revision}（{author}）", "Correction {revision} by {author} is still open", "请先完成或撤销", "Finish or revert it first",
)  # fmt: skip
REVISION_EMPTY = Reason(
    "REVISION_EMPTY", Status.INVALID_ARGUMENT,
    "没有任何变更", "Nothing is changed", "请核对内容", "Check the content",
)  # fmt: skip
FIELD_IMMUTABLE = Reason(
    "FIELD_IMMUTABLE", Status.FAILED_PRECONDITION,
    "{field} 不能变更", "{field} cannot be changed", "请另开运单", "Issue another waybill",
)  # fmt: skip
SIGNER_NOT_REQUIRED = Reason(
    "SIGNER_NOT_REQUIRED", Status.FAILED_PRECONDITION,
    "该更正不需要{signer}签署", "This correction does not ask for the signature of {signer}", "", "",
)  # fmt: skip
