"""Reasons of the registry slice."""

from services.errors.reason import Reason, Status

CREDIT_CODE_INVALID = Reason(
    "CREDIT_CODE_INVALID", Status.INVALID_ARGUMENT,
    "统一社会信用代码 {code} 不正确：{problem}", "Unified social credit code {code} is wrong: {problem}",
    "请对照营业执照核对", "Compare it with the business licence",
)  # fmt: skip
DIVISION_CODE_INVALID = Reason(
    "DIVISION_CODE_INVALID", Status.INVALID_ARGUMENT,
    "行政区划代码 {code} 不正确", "Division code {code} is wrong", "请填写六位行政区划代码", "Give the six digits of GB/T 2260",
)  # fmt: skip
PLATE_INVALID = Reason(
    "PLATE_INVALID", Status.INVALID_ARGUMENT,
    "车牌 {plate}（{colour}）不正确：{problem}", "Plate {plate} ({colour}) is wrong: {problem}",
    "请对照行驶证核对车牌和颜色", "Compare plate and colour with the vehicle licence",
)  # fmt: skip
VIN_INVALID = Reason(
    "VIN_INVALID", Status.INVALID_ARGUMENT,
    "车辆识别代号 {vin} 不正确：{problem}", "VIN {vin} is wrong: {problem}",
    "请对照行驶证核对", "Compare it with the vehicle licence",
)  # fmt: skip
IDENTITY_INVALID = Reason(
    "IDENTITY_INVALID", Status.INVALID_ARGUMENT,
    "居民身份证号码不正确：{problem}", "Identity number is wrong: {problem}",
    "请对照身份证核对", "Compare it with the identity card",
)  # fmt: skip
SCOPE_NOT_UNDERSTOOD = Reason(
    "SCOPE_NOT_UNDERSTOOD", Status.INVALID_ARGUMENT,
    "经营范围用语“{phrase}”无法识别，不予推定", "Scope phrase “{phrase}” is not understood and grants nothing",
    "请按许可证原文填写，例如“危险货物运输(2类1项)”", "Copy the words of the licence, e.g. 危险货物运输(2类1项)",
)  # fmt: skip
PERIOD_INVALID = Reason(
    "PERIOD_INVALID", Status.INVALID_ARGUMENT,
    "有效期起止颠倒：{valid_from} 至 {valid_to}", "The period ends before it begins: {valid_from} to {valid_to}",
    "请核对起止日期", "Check both dates",
)  # fmt: skip
MASS_INVALID = Reason(
    "MASS_INVALID", Status.INVALID_ARGUMENT,
    "{field} 不可能：{problem}", "{field} is impossible: {problem}", "请核对质量、容积或尺寸", "Check the mass, volume or size",
)  # fmt: skip
TANK_CODE_INVALID = Reason(
    "TANK_CODE_INVALID", Status.INVALID_ARGUMENT,
    "罐体代码 {code} 不正确", "Tank code {code} is wrong", "请按检验证书填写，例如 LGBF", "Copy it from the certificate, e.g. LGBF",
)  # fmt: skip
TANK_STATE_INVALID = Reason(
    "TANK_STATE_INVALID", Status.INVALID_ARGUMENT,
    "罐体状态 {state} 缺少{missing}", "Tank state {state} needs {missing}",
    "请补充该项", "Add it",
)  # fmt: skip
DUPLICATE_ENTRY = Reason(
    "DUPLICATE_ENTRY", Status.INVALID_ARGUMENT,
    "{value} 重复", "{value} stands there twice", "请删除重复项", "Remove one of them",
)  # fmt: skip
ALREADY_REGISTERED = Reason(
    "ALREADY_REGISTERED", Status.ALREADY_EXISTS,
    "已登记相同的{field}：{value}", "{field_en} {value} is registered already",
    "如为同一主体，请申请合并", "If it is the same, ask for a merge",
)  # fmt: skip
MERGE_REFUSED = Reason(
    "MERGE_REFUSED", Status.FAILED_PRECONDITION,
    "不能合并：{problem}", "They cannot be merged: {problem}", "请核对识别代码", "Check the identifiers",
)  # fmt: skip
