"""Reasons of the waybill slice."""

from services.errors.reason import Reason, Status

# What a waybill must hold (WB-01).
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

# Scope and people (WB-02, WB-03).
CARRIER_LICENCE_INVALID = Reason(
    "CARRIER_LICENCE_INVALID", Status.FAILED_PRECONDITION,
    "承运人 {carrier} 在 {day} 无有效道路运输经营许可证", "Carrier {carrier} has no valid road transport licence on {day}",
    "请核对许可证", "Check the licence",
)  # fmt: skip
OUT_OF_SCOPE = Reason(
    "OUT_OF_SCOPE", Status.FAILED_PRECONDITION,
    "UN{un}（{hazard}）超出{holder}的经营范围“{scope}”", "UN{un} ({hazard}) is outside the scope “{scope}” of {holder_en}",
    "请更换有相应资质的承运人或车辆", "Use a carrier or vehicle with the scope",
)  # fmt: skip
VEHICLE_OF_OTHER_CARRIER = Reason(
    "VEHICLE_OF_OTHER_CARRIER", Status.FAILED_PRECONDITION,
    "{plate} 不是该承运人的车辆", "{plate} is not a vehicle of this carrier", "请核对承运人和车辆", "Check carrier and vehicle",
)  # fmt: skip
QUALIFICATION_MISSING = Reason(
    "QUALIFICATION_MISSING", Status.FAILED_PRECONDITION,
    "{name} 没有{kind}从业资格", "{name} is not qualified as {kind_en}", "请更换人员", "Assign somebody qualified",
)  # fmt: skip
QUALIFICATION_EXPIRED = Reason(
    "QUALIFICATION_EXPIRED", Status.FAILED_PRECONDITION,
    "{name} 的{kind}从业资格证在 {day} 无效（有效期至 {valid_to}）",
    "The {kind_en} certificate of {name} is not valid on {day} (valid to {valid_to})",
    "请更换人员或更新证件", "Assign another person or renew the certificate",
)  # fmt: skip
QUALIFICATION_SPECIAL_MISSING = Reason(
    "QUALIFICATION_SPECIAL_MISSING", Status.FAILED_PRECONDITION,
    "{name} 的{kind}资格不含{special}类别", "The {kind_en} certificate of {name} does not cover {special_en} goods",
    "请更换人员", "Assign somebody whose certificate covers them",
)  # fmt: skip
NOT_EMPLOYED = Reason(
    "NOT_EMPLOYED", Status.FAILED_PRECONDITION,
    "{name} 在 {day} 未登记为该承运人的从业人员", "{name} is not registered as employed by this carrier on {day}",
    "请登记劳动关系", "Register the employment",
)  # fmt: skip

# Vehicles and tanks (WB-04, WB-05, WB-06).
INSPECTION_EXPIRED = Reason(
    "INSPECTION_EXPIRED", Status.FAILED_PRECONDITION,
    "{what} {id} 的检验有效期 {valid_to} 早于计划到达日 {day}", "{what_en} {id} is inspected until {valid_to}, before the planned arrival on {day}",
    "请检验后再派车", "Have it inspected first",
)  # fmt: skip
INSPECTION_UNKNOWN = Reason(
    "INSPECTION_UNKNOWN", Status.FAILED_PRECONDITION,
    "{what} {id} 没有登记检验有效期", "No inspection is registered for {what_en} {id}", "请补充登记", "Register it",
)  # fmt: skip
VEHICLE_ALTERED = Reason(
    "VEHICLE_ALTERED", Status.FAILED_PRECONDITION,
    "车辆 {plate} 有非法改装记录", "Vehicle {plate} is on record as unlawfully altered", "请整改并复检", "Restore and re-inspect it",
)  # fmt: skip
TANK_MISSING = Reason(
    "TANK_MISSING", Status.INVALID_ARGUMENT,
    "货物第 {line} 行为罐装，运单没有罐体", "Goods line {line} travels in a tank, and the waybill names none", "请填写罐体", "Name the tank",
)  # fmt: skip
TANK_NOT_ON_VEHICLE = Reason(
    "TANK_NOT_ON_VEHICLE", Status.INVALID_ARGUMENT,
    "罐体 {tank} 固定在另一车辆上", "Tank {tank} is fixed on another vehicle", "请核对车辆和罐体", "Check vehicle and tank",
)  # fmt: skip
TANK_MEDIUM_NOT_PERMITTED = Reason(
    "TANK_MEDIUM_NOT_PERMITTED", Status.FAILED_PRECONDITION,
    "UN{un} {name} 不在罐体 {tank} 的适装介质列表中", "UN{un} {name} is not among the permitted media of tank {tank}",
    "请更换罐体", "Use another tank",
)  # fmt: skip
TANK_MEDIUM_NAME_DIFFERS = Reason(
    "TANK_MEDIUM_NAME_DIFFERS", Status.FAILED_PRECONDITION,
    "罐体 {tank} 的适装介质列表有 UN{un}，但名称为 {listed}", "Tank {tank} is permitted UN{un} under another name: {listed}",
    "请对照检验证书核对", "Compare it with the certificate",
)  # fmt: skip
TANK_LAST_GOODS_DIFFER = Reason(
    "TANK_LAST_GOODS_DIFFER", Status.FAILED_PRECONDITION,
    "罐体 {tank} 未清洗，上次装载 UN{last}", "Tank {tank} is not cleaned and last held UN{last}",
    "请确认换装条件或清洗", "Make sure the change of goods is safe, or have it cleaned",
)  # fmt: skip
TANK_TOO_LARGE = Reason(
    "TANK_TOO_LARGE", Status.FAILED_PRECONDITION,
    "罐体 {tank} 容积 {volume} 毫升，运输{what}的罐车罐体不得超过 {limit} 毫升",
    "Tank {tank} of {volume} ml: a vehicle's tank for {what_en} may not exceed {limit} ml",
    "请更换罐体", "Use another tank",
)  # fmt: skip
COMPARTMENT_UNKNOWN = Reason(
    "COMPARTMENT_UNKNOWN", Status.INVALID_ARGUMENT,
    "罐体 {tank} 没有第 {compartment} 仓", "Tank {tank} has no compartment {compartment}", "请核对仓号", "Check the number",
)  # fmt: skip
COMPARTMENT_SHARED = Reason(
    "COMPARTMENT_SHARED", Status.INVALID_ARGUMENT,
    "第 {compartment} 仓装有多种货物", "Compartment {compartment} holds more than one kind of goods", "每仓只能装一种货物", "One kind of goods each",
)  # fmt: skip
OVERLOADED = Reason(
    "OVERLOADED", Status.FAILED_PRECONDITION,
    "{what} {id}：货物 {mass} 克超过核定载质量 {limit} 克", "{what_en} {id}: {mass} g of goods exceed the rated {limit} g",
    "请减少数量或更换车辆", "Load less or use another vehicle",
)  # fmt: skip
OVERFILLED = Reason(
    "OVERFILLED", Status.FAILED_PRECONDITION,
    "{place}：{volume} 毫升超过允许充装 {limit} 毫升", "{place}: {volume} ml exceed the permitted {limit} ml",
    "请减少充装量", "Fill less",
)  # fmt: skip
SURGE_RANGE = Reason(
    "SURGE_RANGE", Status.FAILED_PRECONDITION,
    "{place} 无防波板，充装率 {permille}‰ 在 20% 与 80% 之间", "{place} has no surge plates and would be filled to {permille} per mille, between 20 % and 80 %",
    "请调整各仓充装量", "Fill it less or more",
)  # fmt: skip

# Permits (WB-07, RT-05).
PERMIT_MISSING = Reason(
    "PERMIT_MISSING", Status.FAILED_PRECONDITION,
    "UN{un} {name} 须有{permit}", "UN{un} {name} needs a {permit_en}", "请先取得许可", "Obtain the permit first",
)  # fmt: skip
PERMIT_MISMATCH = Reason(
    "PERMIT_MISMATCH", Status.FAILED_PRECONDITION,
    "许可 {number} 与运单不符：{problem_zh}", "Permit {number} does not fit the waybill: {problem}",
    "请按许可内容运输或重新申请", "Travel as permitted or apply again",
)  # fmt: skip
PERMIT_ROUTE_DIFFERS = Reason(
    "PERMIT_ROUTE_DIFFERS", Status.FAILED_PRECONDITION,
    "计划路线或停靠点不在许可 {number} 之内：{what}", "The planned route or a stop is not in permit {number}: {what}",
    "请按许可路线安排", "Plan the route of the permit",
)  # fmt: skip

ROUTE_UNKNOWN = Reason(
    "ROUTE_UNKNOWN", Status.FAILED_PRECONDITION,
    "运单未填计划路线，无法核对许可路线、隧道和禁行区", "No route is planned: neither the permit's route nor tunnels and zones can be judged",
    "请填写计划路线", "Plan the route",
)  # fmt: skip

# Two at once, positioning, clearance (WB-10, WB-11, WB-12).
RESOURCE_BUSY = Reason(
    "RESOURCE_BUSY", Status.FAILED_PRECONDITION,
    "{resources} 同时在另一趟运输中（{other}）", "{resources} is on another trip at that time ({other})",
    "请调整时间、车辆或人员", "Change the time, vehicle or crew",
)  # fmt: skip
POSITIONING_MISSING = Reason(
    "POSITIONING_MISSING", Status.FAILED_PRECONDITION,
    "车辆 {plate} 没有登记卫星定位装置", "Vehicle {plate} has no positioning terminal registered", "请安装并登记", "Install and register one",
)  # fmt: skip
POSITIONING_SILENT = Reason(
    "POSITIONING_SILENT", Status.FAILED_PRECONDITION,
    "车辆 {plate} 的卫星定位装置 24 小时内没有位置（最后 {last}）", "The terminal of vehicle {plate} sent no fix within 24 h (last {last})",
    "请检修终端", "Repair the terminal",
)  # fmt: skip
CLEARANCE_MISSING = Reason(
    "CLEARANCE_MISSING", Status.FAILED_PRECONDITION,
    "本版运单没有装货放行", "This revision of the waybill has no clearance of the loader", "请由装货人查验放行", "Let the loader check and clear it",
)  # fmt: skip
CLEARANCE_VOID = Reason(
    "CLEARANCE_VOID", Status.FAILED_PRECONDITION,
    "装货放行已失效：{problem}", "The clearance is void: {problem}", "请重新查验放行", "Have it checked and cleared again",
)  # fmt: skip
TANK_NOT_EMPTY = Reason(
    "TANK_NOT_EMPTY", Status.FAILED_PRECONDITION,
    "空车返回，但罐体 {tank} 登记为 {state}", "An empty return, but tank {tank} is on record as {state}",
    "请核对罐体状态，或按装载办理运单", "Check the state of the tank, or issue a waybill for what is in it",
)  # fmt: skip
TOO_EARLY = Reason(
    "TOO_EARLY", Status.FAILED_PRECONDITION,
    "时间不能早于 {before}", "It cannot be before {before}", "请核对时间", "Check the time",
)  # fmt: skip

# The planned route (RT-01 to RT-04).
TUNNEL_FORBIDDEN = Reason(
    "TUNNEL_FORBIDDEN", Status.FAILED_PRECONDITION,
    "隧道 {tunnel} 为 {category} 类，本车货物不得通行：{why}", "Tunnel {tunnel} is of category {category}, closed to this load: {why_en}",
    "请绕行", "Plan another route",
)  # fmt: skip
TUNNEL_UNDECIDED = Reason(
    "TUNNEL_UNDECIDED", Status.FAILED_PRECONDITION,
    "无法判定本车货物能否通过 {category} 类隧道 {tunnel}：{why}", "Whether this load may pass tunnel {tunnel} of category {category} cannot be told: {why_en}",
    "请人工判定或绕行", "Decide by hand or plan another route",
)  # fmt: skip
CROSSING_NOT_NOTIFIED = Reason(
    "CROSSING_NOT_NOTIFIED", Status.FAILED_PRECONDITION,
    "路线经过 {zone}，没有通知其管理单位的记录", "The route crosses {zone}, and no notice to its operator is on record",
    "请绕行或提前通知", "Avoid it or give notice",
)  # fmt: skip
WATER_SOURCE_CROSSED = Reason(
    "WATER_SOURCE_CROSSED", Status.FAILED_PRECONDITION,
    "路线进入饮用水水源保护区 {zone}，{goods} 属有毒物质或油类，没有批准通行的记录",
    "The route enters the drinking water protection area {zone} with {goods}, toxic or an oil, and no approval is on record",
    "请绕行，或取得批准并登记该区域的通行证", "Avoid it, or obtain approval and register a pass for the zone",
)  # fmt: skip
ZONE_FORBIDDEN = Reason(
    "ZONE_FORBIDDEN", Status.FAILED_PRECONDITION,
    "路线进入禁行区域 {zone}（{when}）", "The route enters the restricted zone {zone} ({when})", "请绕行、改时间或取得通行证", "Avoid it, change the time or obtain a pass",
)  # fmt: skip
ZONE_PASS_NEEDED = Reason(
    "ZONE_PASS_NEEDED", Status.FAILED_PRECONDITION,
    "进入 {zone} 须有通行证（{when}）", "Entering {zone} needs a pass ({when})", "请取得通行证", "Obtain a pass",
)  # fmt: skip
ZONE_NOTICE = Reason(
    "ZONE_NOTICE", Status.FAILED_PRECONDITION,
    "进入 {zone} 须事先告知（{when}）", "Entering {zone} needs notice beforehand ({when})", "请告知", "Give notice",
)  # fmt: skip

# One waybill, one id, one number of the carrier's own.
WAYBILL_EXISTS = Reason(
    "WAYBILL_EXISTS", Status.ALREADY_EXISTS,
    "运单标识 {id} 已使用", "The waybill id {id} is in use", "请使用新的标识", "Use a new id",
)  # fmt: skip
REFERENCE_TAKEN = Reason(
    "REFERENCE_TAKEN", Status.ALREADY_EXISTS,
    "该外部编号已用于运单 {waybill}（{id}），内容不同", "This external number belongs to waybill {waybill} ({id}), which says something else",
    "请更正该运单", "Amend that waybill",
)  # fmt: skip

# The life cycle and amendments.
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

# Quantities after loading (LC-07), numbers, consignment lists.
QUANTITY_OUT_OF_TOLERANCE = Reason(
    "QUANTITY_OUT_OF_TOLERANCE", Status.FAILED_PRECONDITION,
    "货物第 {line} 行实装 {actual} 克，超出订单 {planned} 克的允许偏差 {tolerance} 克",
    "Goods line {line}: {actual} g loaded, order {planned} g, tolerance {tolerance} g",
    "请更正运单或调整装载", "Amend the waybill or adjust the load",
)  # fmt: skip
ORDER_EXCEEDED = Reason(
    "ORDER_EXCEEDED", Status.FAILED_PRECONDITION,
    "货物第 {line} 行 {mass} 克，托运清单只剩 {left} 克", "Goods line {line} takes {mass} g, the consignment lists have {left} g left",
    "请核对托运数量", "Check the consignment lists",
)  # fmt: skip
CONSIGNMENT_LIST_UNKNOWN = Reason(
    "CONSIGNMENT_LIST_UNKNOWN", Status.FAILED_PRECONDITION,
    "没有发给该承运人的托运清单 {id}", "No consignment list {id} was sent to this carrier", "请核对托运清单编号", "Check the id of the list",
)  # fmt: skip
CONSIGNMENT_LIST_NOT_NAMED = Reason(
    "CONSIGNMENT_LIST_NOT_NAMED", Status.INVALID_ARGUMENT,
    "货物第 {line} 行的托运清单 {id} 未列入运单的 consignment_list_ids",
    "Goods line {line} is carried for consignment list {id}, which the waybill's consignment_list_ids do not name",
    "请将其列入 consignment_list_ids", "Name it in consignment_list_ids",
)  # fmt: skip
CONSIGNMENT_NOT_ACCEPTED = Reason(
    "CONSIGNMENT_NOT_ACCEPTED", Status.FAILED_PRECONDITION,
    "托运清单 {id} 处于 {state} 状态，不能据以签发运单", "Consignment list {id} is {state}: no waybill can carry it",
    "请先接受托运清单", "Accept the list first",
)  # fmt: skip
CONSIGNMENT_PARTY_DIFFERS = Reason(
    "CONSIGNMENT_PARTY_DIFFERS", Status.FAILED_PRECONDITION,
    "托运清单 {id} 的{party}为 {listed}，与运单不符", "The {party_en} of consignment list {id} is {listed}, the waybill says otherwise",
    "请按托运清单填写，或请托运人更正清单", "State it as the list does, or let the consignor correct the list",
)  # fmt: skip
CONSIGNMENT_GOODS_DIFFER = Reason(
    "CONSIGNMENT_GOODS_DIFFER", Status.FAILED_PRECONDITION,
    "货物第 {line} 行与托运清单不符：{field} 为 {stated}，清单为 {listed}",
    "Goods line {line} is not on the consignment lists: {field} is {stated}, listed as {listed}",
    "请按托运清单填写", "State the goods as the list does",
)  # fmt: skip
CONSIGNMENT_LIST_UNUSED = Reason(
    "CONSIGNMENT_LIST_UNUSED", Status.FAILED_PRECONDITION,
    "本单没有承运托运清单 {id} 的货物", "This waybill carries nothing of consignment list {id}", "请核对托运清单编号", "Check the id of the list",
)  # fmt: skip

# A consignment list itself (CL-01 to CL-04) and its life.
CONSIGNMENT_LIST_EXISTS = Reason(
    "CONSIGNMENT_LIST_EXISTS", Status.ALREADY_EXISTS,
    "托运清单标识 {id} 已使用", "The consignment list id {id} is in use", "请使用新的标识", "Use a new id",
)  # fmt: skip
CONSIGNMENT_STATE = Reason(
    "CONSIGNMENT_STATE", Status.FAILED_PRECONDITION,
    "托运清单处于 {state} 状态，不能执行 {act}", "A consignment list that is {state} does not take {act}",
    "请核对托运清单状态", "Check the state of the list",
)  # fmt: skip
CONSIGNMENT_CONTENT_MISSING = Reason(
    "CONSIGNMENT_CONTENT_MISSING", Status.INVALID_ARGUMENT,
    "托运清单缺少{what}", "The consignment list does not say {what_en}", "请填写该项", "Fill it in",
)  # fmt: skip
CONSIGNOR_LICENCE_UNKNOWN = Reason(
    "CONSIGNOR_LICENCE_UNKNOWN", Status.FAILED_PRECONDITION,
    "UN{un} {name}：托运人 {consignor} 没有登记有效的{licence}", "UN{un} {name}: no valid {licence_en} of consignor {consignor} is registered",
    "请核对托运人的许可证件", "Check the consignor's licences",
)  # fmt: skip
CONSIGNMENT_DUTY = Reason(
    "CONSIGNMENT_DUTY", Status.FAILED_PRECONDITION,
    "UN{un} {name} 须办理{duty}", "UN{un} {name}: {duty_en} is a duty", "请按规定办理", "Do as the rule asks",
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

# Swaps on the way and deliveries.
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

# Hand-overs: signed by giver and taker over the same digest (WB-13).
HANDOVER_EXISTS = Reason(
    "HANDOVER_EXISTS", Status.ALREADY_EXISTS,
    "交接编号已使用", "There is a hand-over of this id", "请换用新的编号", "Use a new id",
)  # fmt: skip
HANDOVER_NOT_NOW = Reason(
    "HANDOVER_NOT_NOW", Status.FAILED_PRECONDITION,
    "此时不能办理{kind}：{problem_zh}", "No hand-over of kind {kind_en} now: {problem}",
    "请核对运单状态和已有交接", "Check the state of the waybill and the hand-overs there are",
)  # fmt: skip
HANDOVER_NOT_HOLDER = Reason(
    "HANDOVER_NOT_HOLDER", Status.FAILED_PRECONDITION,
    "货物现由{holder}保管，须由其交出", "{holder} holds the load: only the holder gives it on",
    "请保管方先办理交接", "Let the holder hand it over first",
)  # fmt: skip
HANDOVER_TO_ONESELF = Reason(
    "HANDOVER_TO_ONESELF", Status.INVALID_ARGUMENT,
    "交出方不能同时是接收方", "Nobody takes what he gives: name another person as taker",
    "同一单位内交接须写明另一人", "Within one organisation name the other person",
)  # fmt: skip
HANDOVER_IMPOSSIBLE = Reason(
    "HANDOVER_IMPOSSIBLE", Status.INVALID_ARGUMENT,
    "货物第 {line} 行：车上只有 {aboard} 克，交接填写 {total} 克", "Goods line {line}: {aboard} g are aboard, {total} g are stated",
    "请核对数量", "Check the quantity",
)  # fmt: skip
HANDOVER_DIFFERS = Reason(
    "HANDOVER_DIFFERS", Status.FAILED_PRECONDITION,
    "货物第 {line} 行：应为 {expected} 克，实为 {found} 克", "Goods line {line}: {expected} g expected, {found} g found",
    "请双方确认差异", "Let both sides confirm the difference",
)  # fmt: skip
HANDOVER_ANSWERED = Reason(
    "HANDOVER_ANSWERED", Status.FAILED_PRECONDITION,
    "该交接已{state}", "This hand-over is {state_en} already", "无需再次办理", "There is nothing left to do",
)  # fmt: skip
HANDOVER_DIGEST_DIFFERS = Reason(
    "HANDOVER_DIGEST_DIFFERS", Status.INVALID_ARGUMENT,
    "会签的不是交出方所签的内容", "This is not the digest of what the giver signed",
    "请核对交出方签署的内容后重新会签", "Look at what the giver signed and sign that",
)  # fmt: skip
HANDOVER_WAITS = Reason(
    "HANDOVER_WAITS", Status.FAILED_PRECONDITION,
    "第 {stop} 个卸货点已有承运人提出的交接 {id}，请会签该交接", "The carrier has offered hand-over {id} at stop {stop}",
    "请会签或拒绝该交接", "Countersign or refuse that one",
)  # fmt: skip
HANDOVER_CODE_DEAD = Reason(
    "HANDOVER_CODE_DEAD", Status.FAILED_PRECONDITION,
    "签收码已失效：{problem_zh}", "The code is dead: {problem}", "请收货方更换签收码", "Ask for a new code",
)  # fmt: skip

DAY_BUNDLE_NOT_BUILT = Reason(
    "DAY_BUNDLE_NOT_BUILT", Status.UNAVAILABLE,
    "每日数据包尚未生成", "The day's bundle has not been built yet", "请稍后重试", "Ask again in a moment",
)  # fmt: skip

# Before the trip: the carrier's check and briefing, the crew's outer check (PREP-01 to PREP-03).
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
