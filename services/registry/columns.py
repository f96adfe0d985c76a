"""The columns of import sheets: what each is called, and how its text fills a message of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import EnumDescriptor

from hazway.registry.v1 import registry_pb2 as pb

Fill = Callable[[Any, str], None]


@dataclass(frozen=True, slots=True)
class Column:
    """``name`` is the heading in English and the path of its faults, ``zh`` the heading in Chinese.

    ``fill`` writes the text into the message; ``ValueError`` says what is wrong with it.
    """

    name: str
    zh: str
    fill: Fill


def fill(message: Any, columns: Mapping[str, Column], cells: Mapping[str, str]) -> dict[str, str]:
    """Write every cell into the message; what is wrong, by the name of the column."""
    faults = {}
    for heading, text in cells.items():
        try:
            columns[heading].fill(message, text)
        except ValueError as error:
            faults[columns[heading].name] = str(error)
    return faults


def _text(field: str) -> Fill:
    return lambda message, text: setattr(message, field, text)


def _day(field: str) -> Fill:
    def write(message: Any, text: str) -> None:
        getattr(message, field).iso = _iso(text)

    return write


def _whole(field: str, factor: int = 1) -> Fill:
    def write(message: Any, text: str) -> None:
        setattr(message, field, _number(text) * factor)

    return write


def _choice(field: str, enum: EnumDescriptor, words: Mapping[str, str]) -> Fill:
    return lambda message, text: setattr(message, field, _chosen(enum, words, text))


def _iso(text: str) -> str:
    """A day as people write it: 2026-05-01, 2026/5/1, 2026年5月1日."""
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text)
    if match is None:
        raise ValueError("write it as 2026-05-01 请写作 2026-05-01")
    return f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"


def _number(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise ValueError("not a whole number 不是整数")
    return int(text)


def _chosen(enum: EnumDescriptor, words: Mapping[str, str], text: str) -> int:
    """The value by its name in the contract, with or without the prefix, or by its Chinese word."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    value = enum.values_by_name.get(prefix + words.get(text, text.upper().removeprefix(prefix)))
    if value is None or not value.number:
        raise ValueError("not one of the values 不在可选值之列")
    return int(value.number)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;；、]", text) if part.strip()]


def _compartments(message: pb.Tank, text: str) -> None:
    volumes = [_number(part) for part in _parts(text)]
    del message.compartments[:]
    for number, volume in enumerate(volumes, start=1):
        message.compartments.add(number=number, volume_ml=volume * 1_000)


def _media(message: pb.Tank, text: str) -> None:
    del message.permitted_media[:]
    for part in _parts(text):
        number, _, name = part.partition(" ")
        message.permitted_media.add(un_number=number, name=name.strip())


def _last_goods(message: pb.Tank, text: str) -> None:
    message.state.last_un_numbers[:] = _parts(text)


def _qualification(message: pb.Person) -> pb.Qualification:
    """The one qualification a row speaks of: it stands first."""
    return message.qualifications[0] if message.qualifications else message.qualifications.add()


def _employment(message: pb.Person) -> pb.Employment:
    return message.employment[-1] if message.employment else message.employment.add()


def _of(part: Callable[[Any], Any], write: Fill) -> Fill:
    return lambda message, text: write(part(message), text)


_COLOURS = {"蓝": "BLUE", "黄": "YELLOW", "黑": "BLACK", "白": "WHITE", "绿": "GREEN", "其他": "OTHER",
            "黄绿": "YELLOW_GREEN", "渐变绿": "GRADIENT_GREEN"}  # fmt: skip
_COLOURS |= {f"{word}色": name for word, name in _COLOURS.items()}
_VEHICLES = {"牵引车": "TRACTOR", "单体货车": "RIGID", "挂车": "TRAILER"}
_TANKS = {"常压罐体": "ATMOSPHERIC", "移动式压力容器": "PRESSURE", "可移动罐柜": "PORTABLE", "罐箱": "CONTAINER"}
_CONDITIONS = {"满载": "LOADED", "部分装载": "PART", "空罐未清洗": "EMPTY_UNCLEANED", "已清洗": "CLEANED",
               "已置换": "GAS_FREE"}  # fmt: skip
_QUALIFICATIONS = {"驾驶员": "DRIVER", "押运员": "ESCORT", "押运人员": "ESCORT", "装卸管理人员": "LOADING_SUPERVISOR"}

VEHICLES = (
    Column("id", "编号", _text("id")),
    Column("plate", "车牌号", _text("plate")),
    Column("plate_colour", "车牌颜色", _choice("plate_colour", pb.PlateColour.DESCRIPTOR, _COLOURS)),
    Column("vin", "车辆识别代号", _text("vin")),
    Column("kind", "车辆种类", _choice("kind", pb.VehicleKind.DESCRIPTOR, _VEHICLES)),
    Column("vehicle_type", "车辆类型", _choice("vehicle_type", pb.VehicleType.DESCRIPTOR, {})),
    Column("rated_mass_kg", "核定载质量(kg)", _whole("rated_mass_g", 1_000)),
    Column("kerb_mass_kg", "整备质量(kg)", _whole("kerb_mass_g", 1_000)),
    Column("towing_mass_kg", "准牵引总质量(kg)", _whole("towing_mass_g", 1_000)),
    Column("length_mm", "外廓长(mm)", _whole("length_mm")),
    Column("width_mm", "外廓宽(mm)", _whole("width_mm")),
    Column("height_mm", "外廓高(mm)", _whole("height_mm")),
    Column("permit_number", "道路运输证号", _text("permit_number")),
    Column("scope_text", "经营范围", _text("scope_text")),
    Column("permit_valid_from", "道路运输证有效期起", _day("permit_valid_from")),
    Column("permit_valid_to", "道路运输证有效期止", _day("permit_valid_to")),
    Column("annual_review_to", "检验有效期止", _day("annual_review_to")),
    Column("operation_review_to", "年审有效期止", _day("operation_review_to")),
    Column("positioning_device", "卫星定位终端号", _text("positioning_device")),
    Column("owner_id", "所有人编号", _text("owner_id")),
)
TANKS = (
    Column("id", "编号", _text("id")),
    Column("number", "罐体编号", _text("number")),
    Column("kind", "罐体类别", _choice("kind", pb.TankKind.DESCRIPTOR, _TANKS)),
    Column("tank_code", "罐体代码", _text("tank_code")),
    Column("compartments_l", "各仓容积(L)", _compartments),
    Column("permitted_media", "适装介质", _media),
    Column("next_inspection", "下次检验日期", _day("next_inspection")),
    Column("rated_mass_kg", "核定载质量(kg)", _whole("rated_mass_g", 1_000)),
    Column("fixed_on", "所在车辆编号", _text("fixed_on")),
    Column("certificate", "检验证书", _text("certificate")),
    Column(
        "condition",
        "罐体状态",
        _of(lambda tank: tank.state, _choice("condition", pb.TankCondition.DESCRIPTOR, _CONDITIONS)),
    ),
    Column("last_un_numbers", "上次介质", _last_goods),
    Column("cleaning_certificate", "清洗证明", _of(lambda tank: tank.state, _text("certificate"))),
    Column("cleaning_station", "清洗站", _of(lambda tank: tank.state, _text("station"))),
)
PERSONS = (
    Column("id", "编号", _text("id")),
    Column("name", "姓名", _text("name")),
    Column("identity_number", "身份证号", _text("identity_number")),
    Column("phone", "手机号", _text("phone")),
    Column(
        "qualification",
        "从业资格类别",
        _of(_qualification, _choice("kind", pb.QualificationKind.DESCRIPTOR, _QUALIFICATIONS)),
    ),
    Column("qualification_number", "从业资格证号", _of(_qualification, _text("number"))),
    Column("qualification_from", "从业资格有效期起", _of(_qualification, _day("valid_from"))),
    Column("qualification_to", "从业资格有效期止", _of(_qualification, _day("valid_to"))),
    Column("employed_from", "聘用起始日", _of(_employment, _day("valid_from"))),
    Column("employed_to", "聘用截止日", _of(_employment, _day("valid_to"))),
)


def by_heading(columns: tuple[Column, ...]) -> dict[str, Column]:
    """Each column under its English and its Chinese heading."""
    return {heading: column for column in columns for heading in (column.name, column.zh)}
