"""Reasons of the goods slice."""

from services.errors.reason import Reason, Status

GOODS_UNKNOWN = Reason(
    "GOODS_UNKNOWN", Status.FAILED_PRECONDITION,
    "目录中没有 UN {un}", "UN {un} is not in the catalogue", "请核对联合国编号，或导入完整目录", "Check the UN number, or import a full list",
)  # fmt: skip
GOODS_PACKING_GROUP_UNKNOWN = Reason(
    "GOODS_PACKING_GROUP_UNKNOWN", Status.FAILED_PRECONDITION,
    "UN {un} 没有包装类别 {packing_group}", "UN {un} has no packing group {packing_group}",
    "请填写目录中的包装类别：{known}", "Give a packing group of the list: {known}",
)  # fmt: skip
GOODS_SEVERAL_ENTRIES = Reason(
    "GOODS_SEVERAL_ENTRIES", Status.FAILED_PRECONDITION,
    "UN {un} 有 {count} 个条目符合，按最严的判定", "{count} entries of UN {un} fit; the strictest is applied",
    "请填写包装类别和品名", "State packing group and name",
)  # fmt: skip
GOODS_LISTS_DISAGREE = Reason(
    "GOODS_LISTS_DISAGREE", Status.FAILED_PRECONDITION,
    "各官方目录对 UN {un} 的 {columns} 记载不一致", "The official lists disagree about {columns} of UN {un}",
    "请人工核对", "Check by hand",
)  # fmt: skip
GOODS_PROHIBITED = Reason(
    "GOODS_PROHIBITED", Status.FAILED_PRECONDITION,
    "UN {un} 禁止道路运输", "UN {un} may not be carried by road", "不得承运", "Do not carry it",
)  # fmt: skip
GOODS_TUNNEL_UNKNOWN = Reason(
    "GOODS_TUNNEL_UNKNOWN", Status.FAILED_PRECONDITION,
    "UN {un} 没有可用的隧道限制代码，须人工判定", "UN {un} has no usable tunnel restriction code: decide by hand",
    "请人工判定后再安排路线", "Decide by hand before planning a route",
)  # fmt: skip
GOODS_NET_EXPLOSIVE_MASS_MISSING = Reason(
    "GOODS_NET_EXPLOSIVE_MASS_MISSING", Status.INVALID_ARGUMENT,
    "第1类货物 UN {un} 未填净药量", "UN {un} of class 1 states no net explosive mass", "请填写净药量", "State the net explosive mass",
)  # fmt: skip
GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE = Reason(
    "GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE", Status.INVALID_ARGUMENT,
    "净药量 {net_g} 克大于货物质量 {mass_g} 克", "Net explosive mass {net_g} g exceeds the mass {mass_g} g",
    "请更正净药量或质量", "Correct the net explosive mass or the mass",
)  # fmt: skip
GOODS_LQ_NOT_PERMITTED = Reason(
    "GOODS_LQ_NOT_PERMITTED", Status.FAILED_PRECONDITION,
    "UN {un} 不得按有限数量运输", "UN {un} may not be carried in limited quantities", "请按普通危险货物办理", "Carry it under the full rules",
)  # fmt: skip
GOODS_EQ_NOT_PERMITTED = Reason(
    "GOODS_EQ_NOT_PERMITTED", Status.FAILED_PRECONDITION,
    "UN {un} 不得按例外数量运输", "UN {un} may not be carried in excepted quantities", "请按普通危险货物办理", "Carry it under the full rules",
)  # fmt: skip
GOODS_QUANTITY_NOT_STATED = Reason(
    "GOODS_QUANTITY_NOT_STATED", Status.INVALID_ARGUMENT,
    "按 {regime} 运输须填写{zh}", "Carriage as {regime} must state {en}", "请补填", "State it",
)  # fmt: skip
GOODS_LQ_WITH_EXPLOSIVES = Reason(
    "GOODS_LQ_WITH_EXPLOSIVES", Status.FAILED_PRECONDITION,
    "有限数量包件不得与爆炸品（UN {un}）混装", "Limited quantities may not be loaded with explosives (UN {un})",
    "请分车运输", "Use separate vehicles",
)  # fmt: skip
GOODS_NOT_ORDINARY_CARGO = Reason(
    "GOODS_NOT_ORDINARY_CARGO", Status.FAILED_PRECONDITION,
    "{regime} 合计 {amount}，超过 {limit}，不得按普通货物运输", "{regime} in total {amount} exceeds {limit}: not ordinary cargo",
    "须按危险货物运输办理运单、车辆和人员", "The full rules apply: waybill, vehicle, crew",
)  # fmt: skip
GOODS_MIXED_LOADING = Reason(
    "GOODS_MIXED_LOADING", Status.FAILED_PRECONDITION,
    "UN {un} 与 UN {other} 不得混装（标志 {label} 与 {other_label}）",
    "UN {un} may not be loaded with UN {other} (labels {label} and {other_label})", "请分车运输", "Use separate vehicles",
)  # fmt: skip
GOODS_COMPATIBILITY_GROUPS = Reason(
    "GOODS_COMPATIBILITY_GROUPS", Status.FAILED_PRECONDITION,
    "UN {un}（配装组 {group}）与 UN {other}（配装组 {other_group}）不得混装",
    "UN {un} (group {group}) may not be loaded with UN {other} (group {other_group})", "请分车运输", "Use separate vehicles",
)  # fmt: skip
GOODS_MIXED_ON_CONDITION = Reason(
    "GOODS_MIXED_ON_CONDITION", Status.FAILED_PRECONDITION,
    "UN {un} 与 UN {other} 仅在满足条件时可混装：{zh}", "UN {un} and UN {other} may be loaded together only if {en}",
    "请人工确认条件", "Make sure of the condition",
)  # fmt: skip
GOODS_VEHICLE_NOT_FOR_EXPLOSIVES = Reason(
    "GOODS_VEHICLE_NOT_FOR_EXPLOSIVES", Status.FAILED_PRECONDITION,
    "车辆类型 {vehicle_type} 不得运输 UN {un}", "A vehicle of type {vehicle_type} may not carry UN {un}",
    "请使用 EX/Ⅱ 或 EX/Ⅲ 型车辆", "Use a vehicle EX/II or EX/III",
)  # fmt: skip
GOODS_EXPLOSIVES_ABOVE_LIMIT = Reason(
    "GOODS_EXPLOSIVES_ABOVE_LIMIT", Status.FAILED_PRECONDITION,
    "净药量合计 {net_g} 克，超过 {vehicle_type} 车辆 {division} 项限量 {limit_g} 克",
    "Net explosive mass {net_g} g exceeds {limit_g} g, the limit of {vehicle_type} for division {division}",
    "请减少装载量或换车", "Load less, or use another vehicle",
)  # fmt: skip
GOODS_NON_TANK_ABOVE_LIMIT = Reason(
    "GOODS_NON_TANK_ABOVE_LIMIT", Status.FAILED_PRECONDITION,
    "非罐式车辆装载{zh} {mass_g} 克，超过 {limit_g} 克", "{mass_g} g of {en} exceed {limit_g} g, the limit of a vehicle without tank",
    "请分车运输", "Use more vehicles",
)  # fmt: skip
GOODS_TANK_NOT_LISTED = Reason(
    "GOODS_TANK_NOT_LISTED", Status.FAILED_PRECONDITION,
    "目录未给出 UN {un} 的罐体代码", "The list gives no tank code for UN {un}",
    "请核对罐体适装介质列表", "Check the tank's list of permitted media",
)  # fmt: skip
GOODS_TANK_CODE_TOO_LOW = Reason(
    "GOODS_TANK_CODE_TOO_LOW", Status.FAILED_PRECONDITION,
    "罐体代码 {have} 不满足 UN {un} 要求的 {need}", "Tank code {have} does not cover {need}, required for UN {un}",
    "请换用合适的罐体，并核对适装介质列表", "Use another tank; check its list of permitted media",
)  # fmt: skip
GOODS_TANK_CODE_BY_HAND = Reason(
    "GOODS_TANK_CODE_BY_HAND", Status.FAILED_PRECONDITION,
    "罐体代码 {have} 是否满足 UN {un} 要求的 {need} 须人工判定",
    "Whether tank code {have} covers {need} for UN {un} must be decided by hand",
    "请核对该介质的试验压力和适装介质列表", "Compare the test pressure of the goods and the list of permitted media",
)  # fmt: skip
GOODS_TANK_CODE_UNREADABLE = Reason(
    "GOODS_TANK_CODE_UNREADABLE", Status.INVALID_ARGUMENT,
    "罐体代码 {code} 无法识别", "Tank code {code} cannot be read", "请更正罐体代码", "Correct the tank code",
)  # fmt: skip
GOODS_VEHICLE_TYPE_WRONG = Reason(
    "GOODS_VEHICLE_TYPE_WRONG", Status.FAILED_PRECONDITION,
    "罐装 UN {un} 须用 {need} 型车辆，不得用 {vehicle_type} 型", "UN {un} in a tank needs a vehicle of type {need}, not {vehicle_type}",
    "请更换车辆", "Use another vehicle",
)  # fmt: skip
GOODS_RULES_NOT_IN_FORCE = Reason(
    "GOODS_RULES_NOT_IN_FORCE", Status.FAILED_PRECONDITION,
    "{on} 尚无生效的规则，须人工判定", "No rules in force on {on}: decide by hand", "请人工判定", "Decide by hand",
)  # fmt: skip
GOODS_LINE_INVALID = Reason(
    "GOODS_LINE_INVALID", Status.INVALID_ARGUMENT,
    "货物行无效：{problem_zh}", "The goods line is not valid: {problem}", "请更正", "Correct it",
)  # fmt: skip
