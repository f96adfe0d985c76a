"""A waybill as a provincial system knows it (field names of the Guangdong interface of 2017): a bill 电子运单 with units and sites.

There, masses are tonnes and volumes cubic metres with a decimal point, times are Beijing's without a zone; here whole
grams, whole millilitres, aware datetimes in whole seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.registry.model import PlateColour

ZONE = ZoneInfo("Asia/Shanghai")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
COLOURS: Mapping[PlateColour, str] = {
    PlateColour.BLUE: "蓝", PlateColour.YELLOW: "黄", PlateColour.BLACK: "黑", PlateColour.WHITE: "白",
    PlateColour.GREEN: "绿", PlateColour.OTHER: "其他", PlateColour.YELLOW_GREEN: "黄绿",
    PlateColour.GRADIENT_GREEN: "渐变绿",
}  # fmt: skip
PACKING_GROUPS = ("I", "II", "III")
# billStatus: 1 待装货 2 装货中 3 运输中 4 已卸货 5 已完成 6 已取消
TO_LOAD, LOADING, UNDER_WAY, UNLOADED, COMPLETED, CANCELLED = range(1, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    text: str
    colour: PlateColour


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Driver or escort; ``certificate`` is the number of the qualification."""

    name: str
    certificate: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """``loaded_g`` is what the driver confirmed, ``checked_g`` what the enterprise did."""

    name: str
    un_number: str
    hazard_class: str
    packing_group: str = ""
    mass_g: int = 0
    volume_ml: int = 0
    loaded_g: int | None = None
    checked_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One address of a unit; ``division`` is six digits of GB/T 2260 or empty."""

    name: str
    road: str = ""
    division: str = ""
    loaded_at: datetime | None = None
    checked_at: datetime | None = None
    goods: tuple[Goods, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    name: str
    contact: str = ""
    phone: str = ""
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    number: str
    status: int = TO_LOAD
    vehicle: Plate | None = None
    trailer: Plate | None = None
    driver: Member | None = None
    escort: Member | None = None
    carrier_name: str = ""
    carrier_licence: str = ""
    loading_at: datetime | None = None
    planned_unloading_at: datetime | None = None
    unloaded_at: datetime | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    remark: str = ""
    senders: tuple[Unit, ...] = ()
    receivers: tuple[Unit, ...] = ()
