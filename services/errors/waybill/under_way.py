"""The life of a waybill: clearance (WB-12), quantities after loading (LC-07), swaps on the way, deliveries, roadside."""

from services.errors.reason import Reason, Status

CLEARANCE_MISSING = Reason(
    "CLEARANCE_MISSING", Status.FAILED_PRECONDITION,
    "本版运单没有装货放行", "This revision of the waybill has no clearance of the loader", "请由装货人查验放行", "Let the loader check and clear it",
)  # fmt: skip
CLEARANCE_VOID = Reason(
    "CLEARANCE_VOID", Status.FAILED_PRECONDITION,
    "装货放行已失效：{problem}", "The clearance is void: {problem}", "请重新查验放行", "Have it checked and cleared again",
)  # fmt: skip
TOO_EARLY = Reason(
    "TOO_EARLY", Status.FAILED_PRECONDITION,
    "时间不能早于 {before}", "It cannot be before {before}", "请核对时间", "Check the time",
)  # fmt: skip
QUANTITY_OUT_OF_TOLERANCE = Reason(
    "QUANTITY_OUT_OF_TOLERANCE", Status.FAILED_PRECONDITION,
    "货物第 {line} 行实装 {actual} 克，超出订单 {planned} 克的允许偏差 {tolerance} 克",
    "Goods line {line}: {actual} g loaded, order {planned} g, tolerance {tolerance} g",
    "请更正运单或调整装载", "Amend the waybill or adjust the load",
)  # fmt: skip
NOT_IN_THIS_STATE = Reason(
    "NOT_IN_THIS_STATE", Status.FAILED_PRECONDITION,
    "运单处于 {state} 状态，不能执行 {act}", "A waybill that is {state} does not take {act}", "请核对运单状态", "Check the state of the waybill",
)  # fmt: skip
NOT_ISSUED = Reason(
    "NOT_ISSUED", Status.FAILED_PRECONDITION,
    "运单尚未签发", "The waybill is not issued yet", "请先签发", "Issue it first",
)  # fmt: skip
NOT_DEPARTED = Reason(
    "NOT_DEPARTED", Status.FAILED_PRECONDITION,
    "车辆尚未出发", "The lorry has not departed yet", "请先登记出发", "Record the departure first",
)  # fmt: skip
ALREADY_DEPARTED = Reason(
    "ALREADY_DEPARTED", Status.FAILED_PRECONDITION,
    "车辆已出发，不能再{act}", "The lorry has departed: {act} is no longer possible", "如需变更请办理更正", "Amend the waybill instead",
)  # fmt: skip
WAYBILL_CLOSED = Reason(
    "WAYBILL_CLOSED", Status.FAILED_PRECONDITION,
    "运单已完成，只能办理更正", "The waybill is complete and takes corrections only", "请办理更正", "Open a correction",
)  # fmt: skip
WAYBILL_VOID = Reason(
    "WAYBILL_VOID", Status.FAILED_PRECONDITION,
    "运单已作废", "The waybill is void", "请另开运单", "Issue another waybill",
)  # fmt: skip
WAYBILL_REJECTED = Reason(
    "WAYBILL_REJECTED", Status.FAILED_PRECONDITION,
    "运单已被拒绝", "The waybill was rejected", "请另开运单", "Issue another waybill",
)  # fmt: skip
REASON_NEEDED = Reason(
    "REASON_NEEDED", Status.INVALID_ARGUMENT,
    "须说明原因", "A reason is needed", "请填写原因", "Give the reason",
)  # fmt: skip
NOT_ASSIGNED = Reason(
    "NOT_ASSIGNED", Status.FAILED_PRECONDITION,
    "{id} 此时不担任本单的{role}", "{id} is not the {role_en} of this waybill at that time", "请核对人员或车辆", "Check who is aboard",
)  # fmt: skip
ALREADY_ASSIGNED = Reason(
    "ALREADY_ASSIGNED", Status.FAILED_PRECONDITION,
    "{id} 已是本单的{role}", "{id} is the {role_en} of this waybill already", "请核对人员或车辆", "Check who is aboard",
)  # fmt: skip
STOP_UNKNOWN = Reason(
    "STOP_UNKNOWN", Status.INVALID_ARGUMENT,
    "没有第 {stop} 个卸货点", "There is no stop {stop}", "请核对序号", "Check the number",
)  # fmt: skip
STOP_SIGNED = Reason(
    "STOP_SIGNED", Status.FAILED_PRECONDITION,
    "第 {stop} 个卸货点已签收", "Stop {stop} is signed already", "如有差错请办理更正", "Open a correction if it is wrong",
)  # fmt: skip
DELIVERY_IMPOSSIBLE = Reason(
    "DELIVERY_IMPOSSIBLE", Status.INVALID_ARGUMENT,
    "货物第 {line} 行：车上只有 {aboard} 克，签收和退回合计 {total} 克",
    "Goods line {line}: {aboard} g are aboard, {total} g were delivered or returned", "请核对数量", "Check the quantity",
)  # fmt: skip
DELIVERY_DIFFERS = Reason(
    "DELIVERY_DIFFERS", Status.FAILED_PRECONDITION,
    "货物第 {line} 行：计划 {planned} 克，实收 {delivered} 克", "Goods line {line}: {planned} g were planned, {delivered} g received",
    "请双方确认差异", "Let both sides confirm the difference",
)  # fmt: skip
DAY_BUNDLE_NOT_BUILT = Reason(
    "DAY_BUNDLE_NOT_BUILT", Status.UNAVAILABLE,
    "每日数据包尚未生成", "The day's bundle has not been built yet", "请稍后重试", "Ask again in a moment",
)  # fmt: skip
