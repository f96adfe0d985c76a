"""The Chinese text that a signer sees before signing: one line a field, whatever the body, and nothing left out.

The same body always gives the same text, and different bodies different texts: strings are escaped, numbers whole. The
labels of a released edition never change; a new label goes into a new edition, so that old statements keep their text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

from hazway import cbor
from hazway.errors import VerificationError, require

_BEIJING = timezone(timedelta(hours=8))
_NANOS = 1_000_000_000
_UNITS = (
    ("_dkmh", "×0.1 公里/小时"),
    ("_e7", "×10⁻⁷ 度"),
    ("_kpa", "千帕"),
    ("_ml", "毫升"),
    ("_dm", "分米"),
    ("_mm", "毫米"),
    ("_m", "米"),
    ("_g", "克"),
)  # fmt: skip
_TIMES = ("_time", "_at", "_from", "_to", "_until", "_before", "_after")

_KINDS_1 = {
    "waybill.issue": "签发危险货物运单",
    "waybill.amend": "修改危险货物运单",
    "waybill.void": "作废危险货物运单",
    "waybill.depart": "发车",
    "waybill.arrive": "到达",
    "waybill.hand_over": "交接",
    "waybill.sign": "签收",
    "waybill.complete": "运单完结",
    "consignment.create": "提交危险货物托运清单",
    "loading.check": "装货前查验",
    "loading.permit": "准许充装",
    "loading.weigh": "过磅",
    "loading.record": "危险货物装货记录",
    "loading.clear": "装货放行",
    "zone.declare": "公布隧道或禁行区域",
    "zone.withdraw": "撤销隧道或禁行区域",
    "alarm.raise": "报警",
    "alarm.handle": "处理报警",
    "registry.organisation": "登记单位",
    "registry.vehicle": "登记车辆",
    "registry.tank": "登记罐体",
    "registry.person": "登记人员",
    "key.register": "登记签名密钥",
    "key.revoke": "吊销签名密钥",
    "record.expire": "记录保存期满",
}
_LABELS_1 = {
    "accuracy_m": "定位精度",
    "act": "行为",
    "actual_mass_g": "实际装货质量",
    "address": "地址",
    "alg": "签名算法",
    "amount": "数量",
    "answer": "结论",
    "approved_mass_g": "核定载质量",
    "arrive_time": "到达时间",
    "basis": "依据",
    "bodies": "单体",
    "capacity_ml": "容积",
    "carrier": "承运人",
    "carrier_id": "承运人",
    "carton_code": "箱码",
    "carton_codes": "箱码",
    "category": "类别",
    "check_id": "查验",
    "checks": "查验项目",
    "class": "类别/项别",
    "class_code": "类别/项别",
    "classification_code": "分类代码",
    "clearance_id": "放行",
    "code": "代码",
    "colour": "颜色",
    "comment": "说明",
    "compartment": "隔仓",
    "compartments": "隔仓",
    "consignee": "收货人",
    "consignee_id": "收货人",
    "consignment_id": "危险货物托运清单",
    "consignment_list": "危险货物托运清单",
    "consignor": "托运人",
    "consignor_id": "托运人",
    "contact": "联系人",
    "custodial": "密钥托管",
    "depart_time": "起运时间",
    "destination": "目的地",
    "digest": "摘要",
    "dispatch_time": "起运时间",
    "dispatcher": "调度人",
    "display_name": "名称",
    "driver": "驾驶人",
    "driver_id": "驾驶人",
    "emergency_phone": "应急电话",
    "empty_uncleaned": "未清洗空罐",
    "escort": "押运人员",
    "escort_id": "押运人员",
    "excepted_quantity": "例外数量",
    "fill_permit_id": "准许充装",
    "finding": "问题",
    "findings": "问题",
    "fireworks_road_permit": "烟花爆竹道路运输许可证",
    "from": "起始",
    "goods": "货物",
    "gross_mass_g": "毛质量",
    "haz_waste_manifest": "危险废物转移联单",
    "hazard_identification_number": "危险性识别号",
    "id": "编号",
    "index": "序号",
    "item_code": "单品码",
    "key": "公钥",
    "kid": "密钥标识",
    "kind": "种类",
    "latitude_e7": "纬度",
    "length_m": "长度",
    "licence": "许可证",
    "licence_number": "许可证号",
    "licences": "许可证",
    "limited_quantity": "有限数量",
    "loader": "装货人",
    "loader_id": "装货人",
    "loading_check": "装货查验",
    "loading_record": "危险货物装货记录",
    "loading_supervisor": "装卸管理人员",
    "location": "位置",
    "longitude_e7": "经度",
    "lot": "批次",
    "lot_id": "批次",
    "mass_g": "质量",
    "maximum_mass_g": "最大允许充装质量",
    "mode": "运输方式",
    "name": "名称",
    "net_explosive_mass_g": "净药量",
    "net_mass_g": "净质量",
    "number": "编号",
    "order": "次序",
    "organisation": "单位",
    "organisation_id": "单位",
    "origin": "起运地",
    "packaging": "包装规格",
    "packing_group": "包装类别",
    "party": "当事方",
    "passed": "通过",
    "permit": "许可证",
    "permits": "许可证",
    "permitted_media": "适装介质",
    "person": "人员",
    "person_id": "人员",
    "phone": "联系电话",
    "plate": "车牌号码",
    "plate_colour": "车牌颜色",
    "plate_number": "车牌号码",
    "position": "位置",
    "possession": "持有证明",
    "product": "货物",
    "proper_shipping_name": "危险货物运输名称",
    "qualification": "从业资格证",
    "qualification_number": "从业资格证号",
    "qualifications": "从业资格证",
    "quantity": "数量",
    "reason": "原因",
    "receiver": "接收人",
    "remark": "备注",
    "remarks": "备注",
    "replaces": "替代",
    "result": "结果",
    "retention_class": "保存类别",
    "revision": "版本",
    "revoked_at": "吊销时间",
    "role": "角色",
    "route": "路线",
    "route_id": "路线",
    "safety_card": "道路运输危险货物安全卡",
    "scope": "经营范围",
    "seal": "铅封",
    "seal_numbers": "铅封号",
    "seals": "铅封",
    "serial": "序列号",
    "severity": "严重程度",
    "site": "场所",
    "site_id": "场所",
    "special_control": "特别管控",
    "speed_dkmh": "车速",
    "state": "状态",
    "statements": "声明摘要",
    "stop": "停靠点",
    "stops": "停靠点",
    "subject": "主题",
    "subsidiary": "次要危险性",
    "tank": "罐体",
    "tank_allowed_media": "罐体适装介质",
    "tank_code": "罐体代码",
    "tank_container": "罐式集装箱",
    "tank_id": "罐体",
    "tare_mass_g": "皮重",
    "text": "文本",
    "to": "截止",
    "toxic_road_pass": "剧毒化学品道路运输通行证",
    "tractor": "牵引车",
    "tractor_id": "牵引车",
    "trailer": "挂车",
    "trailer_id": "挂车",
    "transport_category": "运输类别",
    "transport_number": "道路运输证号",
    "trip_id": "趟次",
    "tunnel_category": "隧道类别",
    "tunnel_code": "隧道限制代码",
    "un_number": "联合国编号",
    "unified_code": "统一社会信用代码",
    "unit": "单位",
    "urban_distribution": "城市配送",
    "valid_from": "有效期自",
    "valid_to": "有效期至",
    "valid_until": "有效期至",
    "vehicle": "车辆",
    "vehicle_id": "车辆",
    "version": "版本",
    "vin": "车辆识别代号",
    "volume_ml": "体积",
    "waybill": "危险货物运单",
    "waybill_id": "危险货物运单",
    "waybill_number": "运单编号",
    "weight": "重量",
    "zone_id": "区域",
}
# (kinds, labels) of each edition, oldest first.
_EDITIONS = ((MappingProxyType(_KINDS_1), MappingProxyType(_LABELS_1)),)
EDITION = len(_EDITIONS)


def render(kind: str, body: Mapping[int | str, object], edition: int = EDITION) -> str:
    """The text for a statement of ``kind`` with this body, ending in a newline; unknown names stand as they are."""
    known = type(edition) is int and 1 <= edition <= EDITION
    require(known, "wording", f"no edition {edition}", f"没有第 {edition} 版文本")
    cbor.dumps(dict(body))  # refuses what has no place in a statement
    kinds, labels = _EDITIONS[edition - 1]
    lines = [_named(kind, kinds), *_fields(body, labels, 0)]
    return "\n".join(lines) + "\n"


def digest(kind: str, body: Mapping[int | str, object], edition: int = EDITION) -> bytes:
    """SHA-256 of the text in UTF-8: what a statement carries."""
    return hashlib.sha256(render(kind, body, edition).encode()).digest()


def find(kind: str, body: Mapping[int | str, object], text_sha256: bytes) -> str | None:
    """The text with this digest, by the newest edition that gives it; None when the signer saw some other text."""
    for edition in range(EDITION, 0, -1):
        text = render(kind, body, edition)
        if hashlib.sha256(text.encode()).digest() == text_sha256:
            return text
    return None


def _named(name: str, labels: Mapping[str, str]) -> str:
    """The label with its name, as two names may share a label."""
    label = labels.get(name)
    return _escaped(name) if label is None else f"{label}〔{name}〕"


def _fields(fields: Mapping[int | str, object], labels: Mapping[str, str], depth: int) -> Iterator[str]:
    for key in sorted(fields, key=cbor.dumps):
        shown = _named(key, labels) if isinstance(key, str) else f"#{key}"
        yield from _value(shown, key if isinstance(key, str) else "", fields[key], labels, depth)


def _value(shown: str, name: str, value: object, labels: Mapping[str, str], depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, Mapping):
        yield f"{indent}{shown}：{'' if value else '（空）'}"
        yield from _fields(value, labels, depth + 1)
    elif isinstance(value, list | tuple):
        yield f"{indent}{shown}：共 {len(value)} 项"
        for number, item in enumerate(value, start=1):
            yield from _value(f"第 {number} 项", name, item, labels, depth + 1)
    else:
        yield f"{indent}{shown}：{_scalar(name, value)}"


def _scalar(name: str, value: object) -> str:
    if value is None:
        return "（无）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return _integer(name, value)
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, str):
        return f"“{_escaped(value)}”"
    raise VerificationError("wording", "a value cannot be shown", "取值无法显示")


def _integer(name: str, value: int) -> str:
    if name.endswith(_TIMES) and _NANOS <= value < 1 << 63:
        seconds, nanos = divmod(value, _NANOS)
        when = datetime.fromtimestamp(seconds, UTC).astimezone(_BEIJING)
        fraction = f".{nanos:09d}" if nanos else ""
        return f"{when:%Y-%m-%d %H:%M:%S}{fraction}（北京时间）"
    for suffix, unit in _UNITS:
        if name.endswith(suffix):
            return f"{value} {unit}"
    return str(value)


def _escaped(text: str) -> str:
    """One line whatever the text: no quote of ours, no line break, nothing that turns the reading direction."""
    return "".join(
        character if character.isprintable() and character not in "\\“”〔〕：" else f"\\u{{{ord(character):x}}}"
        for character in text
    )
