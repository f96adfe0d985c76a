"""Reasons any call can be refused for."""

from services.errors.finding import Finding
from services.errors.reason import Reason, Status

FIELD_MISSING = Reason(
    "FIELD_MISSING", Status.INVALID_ARGUMENT, "缺少必填项 {field}", "{field} is required", "请填写该项", "Fill it in"
)
FIELD_INVALID = Reason(
    "FIELD_INVALID", Status.INVALID_ARGUMENT,
    "{field} 的值无效：{problem}", "{field} is not valid: {problem}", "请更正该项", "Correct the value",
)  # fmt: skip
NOT_FOUND = Reason(
    "NOT_FOUND", Status.NOT_FOUND,
    "未找到，或您无权查看", "There is no such thing, or it is not yours to see",
    "请核对编号；如属贵单位业务，请联系承运人", "Check the identifier; if it concerns you, ask the carrier",
)  # fmt: skip
NOT_ALLOWED = Reason(
    "NOT_ALLOWED", Status.PERMISSION_DENIED,
    "您的角色不能执行此操作", "Your role may not do this", "请由有权限的单位办理", "Let an organisation entitled to it act",
)  # fmt: skip
NOT_AUTHENTICATED = Reason(
    "NOT_AUTHENTICATED", Status.UNAUTHENTICATED,
    "未能确认您的身份", "We cannot tell who you are", "请使用有效证书或令牌", "Use a valid certificate or token",
)  # fmt: skip
REQUEST_ID_REUSED = Reason(
    "REQUEST_ID_REUSED", Status.INVALID_ARGUMENT,
    "请求编号已用于另一内容", "This request_id was used with other content",
    "每个新请求请使用新的编号", "Use a new request_id for a new request",
)  # fmt: skip
STALE_ETAG = Reason(
    "STALE_ETAG", Status.ABORTED,
    "内容已被他人修改", "It was changed by somebody else since you read it", "请重新读取后再提交", "Read it again, then retry",
)  # fmt: skip
PAGE_TOKEN_INVALID = Reason(
    "PAGE_TOKEN_INVALID", Status.INVALID_ARGUMENT,
    "分页标记与本次查询不符", "The page token does not belong to this query",
    "请从第一页重新查询", "Start again from the first page",
)  # fmt: skip
BUSY = Reason(
    "BUSY", Status.UNAVAILABLE,
    "服务暂时不可用", "The service cannot answer just now", "请稍后用同一请求编号重试", "Retry with the same request_id",
)  # fmt: skip
DEADLINE = Reason(
    "DEADLINE", Status.DEADLINE_EXCEEDED,
    "超出时限", "The deadline passed", "请用同一请求编号重试", "Retry with the same request_id",
)  # fmt: skip
INTERNAL = Reason(
    "INTERNAL", Status.INTERNAL,
    "内部错误，编号 {error_id}", "Internal error, id {error_id}", "请把编号告知运维", "Give the id to the operator",
)  # fmt: skip


def missing(path: str, *, field: str = "") -> Finding:
    """``field`` is what people call it, where its path says too little."""
    return Finding(reason=FIELD_MISSING, path=path, values={"field": field or path})


def invalid(path: str, problem: str, *, field: str = "") -> Finding:
    """``problem`` in English, then in Chinese; ``field`` as for ``missing``."""
    return Finding(reason=FIELD_INVALID, path=path, values={"field": field or path, "problem": problem})
