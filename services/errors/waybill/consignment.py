"""Consignment lists (CL-01 to CL-04), and waybills that draw on them."""

from services.errors.reason import Reason, Status

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
