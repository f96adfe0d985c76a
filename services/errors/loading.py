"""Reasons of the loading slice."""

from services.errors.reason import Reason, Status

# The checks before loading (LC-01 to LC-06, bay, gas).
CHECK_ITEM_MISSING = Reason(
    "CHECK_ITEM_MISSING", Status.INVALID_ARGUMENT,
    "缺少查验项目 {code}", "The check lacks the item {code}", "请逐项查验", "Check every item of the list",
)  # fmt: skip
CHECK_ITEM_TWICE = Reason(
    "CHECK_ITEM_TWICE", Status.INVALID_ARGUMENT,
    "查验项目 {code} 重复", "The item {code} stands there twice", "每项填写一次", "State each item once",
)  # fmt: skip
CHECK_ITEM_APPLIES = Reason(
    "CHECK_ITEM_APPLIES", Status.INVALID_ARGUMENT,
    "查验项目 {code} 适用于本车本货，不能填“不适用”", "The item {code} applies to this lorry and these goods",
    "请查验并填写合格或不合格", "Check it: pass or fail",
)  # fmt: skip
FAIL_NEEDS_NOTE = Reason(
    "FAIL_NEEDS_NOTE", Status.INVALID_ARGUMENT,
    "{code} 不合格，须说明原因", "{code} failed: say why", "请填写原因", "Give the reason",
)  # fmt: skip
OBJECTION_INVALID = Reason(
    "OBJECTION_INVALID", Status.INVALID_ARGUMENT,
    "对登记信息的异议不成立：{problem_zh}", "The objection to the registry does not hold: {problem}",
    "须有证件照片、第二人和批准人", "It needs a photo of the document, a second person and a named approver",
)  # fmt: skip
CHECKED_BY_UNKNOWN = Reason(
    "CHECKED_BY_UNKNOWN", Status.FAILED_PRECONDITION,
    "{id} 未登记为本单位人员", "{id} is not registered as one of your people", "请登记人员", "Register the person",
)  # fmt: skip
GOODS_NOT_AS_WAYBILL = Reason(
    "GOODS_NOT_AS_WAYBILL", Status.FAILED_PRECONDITION,
    "货物第 {line} 行与运单不一致：{field} 运单为“{waybill}”，现场为“{found}”",
    "Goods line {line} is not as the waybill says: {field} is “{waybill}” there and “{found}” here",
    "不得装货；请核对或更正运单", "Do not load; check, or have the waybill amended",
)  # fmt: skip
PLATE_NOT_AS_WAYBILL = Reason(
    "PLATE_NOT_AS_WAYBILL", Status.FAILED_PRECONDITION,
    "进场车牌 {found} 与运单 {waybill} 不一致", "The plates at the gate are {found}, the waybill names {waybill}",
    "不得装货；请核对车辆", "Do not load; check the vehicle",
)  # fmt: skip
TANK_HOLDS_GOODS = Reason(
    "TANK_HOLDS_GOODS", Status.FAILED_PRECONDITION,
    "罐体 {tank} 登记为装有 UN{last}（{state}）", "Tank {tank} is on record as holding UN{last} ({state})",
    "请核对罐体状态", "Check what is in the tank",
)  # fmt: skip
USE_REGISTRATION_MISSING = Reason(
    "USE_REGISTRATION_MISSING", Status.FAILED_PRECONDITION,
    "罐体 {tank} 没有移动式压力容器使用登记", "Tank {tank} has no use registration as a pressure vessel",
    "不得充装", "Do not fill",
)  # fmt: skip
RESIDUAL_PRESSURE_LOW = Reason(
    "RESIDUAL_PRESSURE_LOW", Status.FAILED_PRECONDITION,
    "余压 {measured} kPa 低于 {least} kPa", "The residual pressure is {measured} kPa, at least {least} kPa is needed",
    "须先置换并检测", "Purge and test the tank first",
)  # fmt: skip
RESIDUAL_MEDIUM_DIFFERS = Reason(
    "RESIDUAL_MEDIUM_DIFFERS", Status.FAILED_PRECONDITION,
    "罐体 {tank} 残余介质为 UN{last}，拟充装 UN{un}", "Tank {tank} holds a rest of UN{last}, UN{un} is to be filled",
    "须先清洗置换", "Have it cleaned and purged first",
)  # fmt: skip
FILLER_LICENCE_INVALID = Reason(
    "FILLER_LICENCE_INVALID", Status.FAILED_PRECONDITION,
    "{loader} 在 {day} 没有有效的充装许可证", "{loader} has no valid filling licence on {day}", "不得充装", "Do not fill",
)  # fmt: skip
HOLDING_TIME_SHORT = Reason(
    "HOLDING_TIME_SHORT", Status.FAILED_PRECONDITION,
    "维持时间至 {ends}，早于计划到达 {arrival}", "The holding time ends at {ends}, before the planned arrival at {arrival}",
    "请降压或改派", "Lower the pressure or plan another trip",
)  # fmt: skip
MEASUREMENT_MISSING = Reason(
    "MEASUREMENT_MISSING", Status.INVALID_ARGUMENT,
    "{code} 须填写测量值 {field}", "{code} needs the measured {field}", "请测量并填写", "Measure it and fill it in",
)  # fmt: skip
DENSITY_NEEDED = Reason(
    "DENSITY_NEEDED", Status.INVALID_ARGUMENT,
    "货物第 {line} 行没有密度，无法计算充装度", "Goods line {line} has no density: the degree of filling cannot be told",
    "请测量密度", "Measure the density",
)  # fmt: skip
NOTHING_TO_LOAD = Reason(
    "NOTHING_TO_LOAD", Status.FAILED_PRECONDITION,
    "{kind} 运单无需装货", "Nothing is loaded for a waybill of kind {kind}", "请核对运单", "Check the waybill",
)  # fmt: skip

# The life of a loading.
LOADING_NOT_PERMITTED = Reason(
    "LOADING_NOT_PERMITTED", Status.FAILED_PRECONDITION,
    "装货处于 {state}，没有有效的准许充装，不能执行 {event}", "The loading is {state}: without a fill permit there is no {event}",
    "请先查验合格", "Pass the checks first",
)  # fmt: skip
LOADING_NOT_FILLED = Reason(
    "LOADING_NOT_FILLED", Status.FAILED_PRECONDITION,
    "尚未充装过磅（{state}），不能执行 {event}", "Nothing is filled and weighed yet ({state}): no {event}",
    "请先充装并过磅", "Fill and weigh first",
)  # fmt: skip
LOADING_FILLED = Reason(
    "LOADING_FILLED", Status.FAILED_PRECONDITION,
    "装货处于 {state}，不能执行 {event}", "The loading is {state}: {event} comes too late",
    "请完成装货记录；如有问题请提交不合格查验", "Record the loading, or submit a failed check",
)  # fmt: skip
LOADING_RECORDED = Reason(
    "LOADING_RECORDED", Status.FAILED_PRECONDITION,
    "装货已记录放行，不能执行 {event}", "The loading is recorded and cleared: no {event}",
    "如有问题请提交不合格查验", "Submit a failed check if something is wrong",
)  # fmt: skip
FILL_PERMIT_EXPIRED = Reason(
    "FILL_PERMIT_EXPIRED", Status.FAILED_PRECONDITION,
    "准许充装已于 {expires} 失效", "The fill permit expired at {expires}", "请重新查验", "Check again",
)  # fmt: skip
FILL_PERMIT_STALE = Reason(
    "FILL_PERMIT_STALE", Status.FAILED_PRECONDITION,
    "运单已变更（第 {revision} 版），准许充装失效", "The waybill has changed (revision {revision}): the fill permit is void",
    "请重新查验", "Check again",
)  # fmt: skip

# Weights, the check afterwards, the record (LC-07 to LC-09).
WEIGHTS_INVALID = Reason(
    "WEIGHTS_INVALID", Status.INVALID_ARGUMENT,
    "过磅数据无效：{problem_zh}", "The weights are not possible: {problem}", "请核对磅单", "Check the ticket",
)  # fmt: skip
OVERFILLED_PUMP_BACK = Reason(
    "OVERFILLED_PUMP_BACK", Status.FAILED_PRECONDITION,
    "超装：实装 {net} 克，最大允许 {maximum} 克", "Overfilled: {net} g, at most {maximum} g are permitted",
    "请倒出后重新过磅", "Pump back and weigh again",
)  # fmt: skip
LOADED_NOT_AS_WEIGHED = Reason(
    "LOADED_NOT_AS_WEIGHED", Status.FAILED_PRECONDITION,
    "各行合计 {sum} 克与过磅净重 {net} 克相差超过 {tolerance} 克",
    "The lines add up to {sum} g, the weighbridge says {net} g: more than {tolerance} g apart",
    "请核对数量", "Check the quantities",
)  # fmt: skip
LOADED_LINE_MISSING = Reason(
    "LOADED_LINE_MISSING", Status.INVALID_ARGUMENT,
    "装货记录缺少货物第 {line} 行", "The record lacks goods line {line}", "请逐行填写", "State every line",
)  # fmt: skip
LOADED_LINE_UNKNOWN = Reason(
    "LOADED_LINE_UNKNOWN", Status.INVALID_ARGUMENT,
    "准许充装中没有货物第 {line} 行（隔仓 {compartment}）", "The permit has no goods line {line} in compartment {compartment}",
    "请核对行号和隔仓", "Check the line and the compartment",
)  # fmt: skip
POST_FILL_MISSING = Reason(
    "POST_FILL_MISSING", Status.FAILED_PRECONDITION,
    "没有合格的装后检查", "There is no passed check after filling", "请检查罐口、铅封和标志", "Check closures, seals and marks",
)  # fmt: skip
SUPERVISOR_NOT_QUALIFIED = Reason(
    "SUPERVISOR_NOT_QUALIFIED", Status.FAILED_PRECONDITION,
    "{id} 没有本单位有效的装卸管理人员资格", "{id} is no qualified loading supervisor of yours",
    "请由装卸管理人员现场指挥", "Let a loading supervisor be in charge",
)  # fmt: skip
LOADING_ID_TAKEN = Reason(
    "LOADING_ID_TAKEN", Status.ALREADY_EXISTS,
    "编号 {id} 已使用", "The id {id} is in use", "请使用新的编号", "Use a new id",
)  # fmt: skip
