"""Scope, people, vehicles, tanks, positioning and two trips at once (WB-02 to WB-06, WB-10, WB-11)."""

from services.errors.reason import Reason, Status

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
TANK_NOT_EMPTY = Reason(
    "TANK_NOT_EMPTY", Status.FAILED_PRECONDITION,
    "空车返回，但罐体 {tank} 登记为 {state}", "An empty return, but tank {tank} is on record as {state}",
    "请核对罐体状态，或按装载办理运单", "Check the state of the tank, or issue a waybill for what is in it",
)  # fmt: skip
