"""What a waybill must hold, its id and its numbers (WB-01)."""

from services.errors.reason import Reason, Status

PARTY_MISSING = Reason(
    "PARTY_MISSING", Status.INVALID_ARGUMENT,
    "运单缺少{party}", "The waybill names no {party_en}", "请填写该项", "Fill it in",
)  # fmt: skip
RESOURCE_UNKNOWN = Reason(
    "RESOURCE_UNKNOWN", Status.FAILED_PRECONDITION,
    "{role} {id} 未登记", "{role} {id} is not registered", "请先登记", "Register it first",
)  # fmt: skip
RESOURCE_WRONG_KIND = Reason(
    "RESOURCE_WRONG_KIND", Status.INVALID_ARGUMENT,
    "{role} {id} 不能担任该项：{problem}", "{id} cannot serve as {role}: {problem}", "请更换", "Choose another",
)  # fmt: skip
CREW_IS_ONE_PERSON = Reason(
    "CREW_IS_ONE_PERSON", Status.INVALID_ARGUMENT,
    "除驾驶人外应另配押运人员：{name}", "An escort is needed besides the driver {name}",
    "请另派押运人员", "Assign another person as escort",
)  # fmt: skip
TRIP_TIMES_INVALID = Reason(
    "TRIP_TIMES_INVALID", Status.INVALID_ARGUMENT,
    "计划到达时间不晚于计划出发时间", "The planned arrival is not after the planned departure",
    "请核对时间", "Check both times",
)  # fmt: skip
GOODS_CLASS_MISSTATED = Reason(
    "GOODS_CLASS_MISSTATED", Status.INVALID_ARGUMENT,
    "UN{un} 的类别/项别应为 {expected}，填写为 {stated}", "UN{un} is of class {expected}, stated as {stated}",
    "请按品名表填写", "State the class of the list",
)  # fmt: skip
PURPOSE_UNFOUNDED = Reason(
    "PURPOSE_UNFOUNDED", Status.INVALID_ARGUMENT,
    "运输用途 {purpose} 与运单不符：{why}", "The trip cannot be for {purpose}: {why_en}",
    "请删除该用途或更正货物", "Leave the purpose out, or correct the goods",
)  # fmt: skip
DROPS_INCONSISTENT = Reason(
    "DROPS_INCONSISTENT", Status.INVALID_ARGUMENT,
    "货物第 {line} 行：各卸货点合计 {sum} 克，运单为 {mass} 克", "Goods line {line}: the stops add up to {sum} g, the line says {mass} g",
    "请核对各卸货点数量", "Check the quantities of the stops",
)  # fmt: skip
GOODS_LINE_UNKNOWN = Reason(
    "GOODS_LINE_UNKNOWN", Status.INVALID_ARGUMENT,
    "没有货物第 {line} 行", "There is no goods line {line}", "请核对行号", "Check the number",
)  # fmt: skip
LINK_MISSING = Reason(
    "LINK_MISSING", Status.INVALID_ARGUMENT,
    "{kind} 运单须注明{missing}", "A waybill of kind {kind} names {missing_en}", "请填写该项", "Fill it in",
)  # fmt: skip
WAYBILL_EXISTS = Reason(
    "WAYBILL_EXISTS", Status.ALREADY_EXISTS,
    "运单标识 {id} 已使用", "The waybill id {id} is in use", "请使用新的标识", "Use a new id",
)  # fmt: skip
REFERENCE_TAKEN = Reason(
    "REFERENCE_TAKEN", Status.ALREADY_EXISTS,
    "该外部编号已用于运单 {waybill}（{id}），内容不同", "This external number belongs to waybill {waybill} ({id}), which says something else",
    "请更正该运单", "Amend that waybill",
)  # fmt: skip
NUMBER_TAKEN = Reason(
    "NUMBER_TAKEN", Status.ALREADY_EXISTS,
    "运单编号 {number} 已使用", "Waybill number {number} is in use", "请使用号段中的下一个编号", "Take the next number of the block",
)  # fmt: skip
NUMBER_NOT_IN_BLOCK = Reason(
    "NUMBER_NOT_IN_BLOCK", Status.INVALID_ARGUMENT,
    "运单编号 {number} 不在预分配号段内", "Waybill number {number} is in none of your blocks", "请使用预分配号段", "Use a block allotted to you",
)  # fmt: skip
NUMBERS_EXHAUSTED = Reason(
    "NUMBERS_EXHAUSTED", Status.RESOURCE_EXHAUSTED,
    "{day} 的运单编号已用完", "The waybill numbers of {day} are used up", "请联系管理单位", "Ask the authority",
)  # fmt: skip
OFFLINE_UPLOAD_LATE = Reason(
    "OFFLINE_UPLOAD_LATE", Status.FAILED_PRECONDITION,
    "离线签发于 {issued}，超过 24 小时后补报", "Issued offline at {issued} and reported more than 24 h later", "请及时补报", "Report in time",
)  # fmt: skip
