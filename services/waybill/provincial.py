"""Waybills as a provincial system writes them in JSON (field names of the Guangdong interface of 2017, its spelling kept).

Pure, both ways: ``write`` gives the object, ``read`` the bill with every fault by its path in that object. There, masses
are tonnes and volumes cubic metres with a decimal point, times are Beijing's without a zone; here whole grams, whole
millilitres, aware datetimes in whole seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from services.errors import Finding
from services.errors.common import FIELD_INVALID
from services.registry.model import PlateColour

ZONE = ZoneInfo("Asia/Shanghai")
MOST_ITEMS = 100
_MOST_LETTERS = 500
_TIME = "%Y-%m-%d %H:%M:%S"
_MOST_GRAMS = 10**12
_MOST_DIGITS = 24
COLOURS: Mapping[PlateColour, str] = {
    PlateColour.BLUE: "蓝", PlateColour.YELLOW: "黄", PlateColour.BLACK: "黑", PlateColour.WHITE: "白",
    PlateColour.GREEN: "绿", PlateColour.OTHER: "其他", PlateColour.YELLOW_GREEN: "黄绿",
    PlateColour.GRADIENT_GREEN: "渐变绿",
}  # fmt: skip
_GROUPS = ("I", "II", "III")
# billStatus: 1 待装货 2 装货中 3 运输中 4 已卸货 5 已完成 6 已取消
_T = TypeVar("_T")
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


@dataclass(frozen=True, slots=True)
class Reading:
    """``bill`` can be used once there are no findings."""

    bill: Bill
    findings: tuple[Finding, ...]


def write(bill: Bill) -> dict[str, Any]:
    sent = [goods for unit in bill.senders for site in unit.sites for goods in site.goods]
    return {
        "billNo": bill.number,
        **_plate("numberPlate", bill.vehicle),
        **_plate("tailerNumberPlate", bill.trailer),
        **_member("driver", bill.driver),
        **_member("escort", bill.escort),
        "transportCompanyNo": bill.carrier_licence or None,
        "transportCompanyName": bill.carrier_name or None,
        "loadGoodsDate": _time(bill.loading_at),
        "unloadGoodsDate": _time(bill.unloaded_at),
        "predictUnloadDate": _time(bill.planned_unloading_at),
        "transportBeginTime": _time(bill.began_at),
        "transportEndTime": _time(bill.ended_at),
        "billStatus": bill.status,
        "billSource": 1,
        "remark": bill.remark or None,
        "weight": _decimal(sum(goods.mass_g for goods in sent)),
        "chemicalName": ",".join(goods.name for goods in sent) or None,
        "dyBillShipReceiveUnitDtoList1": [_unit(unit, bill.number, 1) for unit in bill.senders],
        "dyBillShipReceiveUnitDtoList2": [_unit(unit, bill.number, 2) for unit in bill.receivers],
    }


def _plate(name: str, plate: Plate | None) -> dict[str, Any]:
    colour = COLOURS[plate.colour] if plate else None
    return {name: f"{plate.text}-{colour}" if plate else None, f"{name}Color": colour}


def _member(role: str, member: Member | None) -> dict[str, Any]:
    named = member or Member(name="")
    said = {"Name": named.name, "CertificateNo": named.certificate, "ContactNo": named.phone}
    return {f"{role}{name}": value or None for name, value in said.items()}


def _unit(unit: Unit, number: str, kind: int) -> dict[str, Any]:
    return {
        "billNo": number,
        "unitName": unit.name,
        "unitType": kind,
        "contactPerson": unit.contact or None,
        "contactTel": unit.phone or None,
        "dyBillAddressDtoList": [_site(site, kind) for site in unit.sites],
    }


def _site(site: Site, kind: int) -> dict[str, Any]:
    division = site.division
    return {
        "provinceId": f"{division[:2]}0000" if division else None,
        "cityId": f"{division[:4]}00" if division else None,
        "regionId": division or None,
        "roadDetail": site.road or None,
        "addressType": str(kind),
        "addressName": site.name,
        "chemicalUnit": "吨",
        "totalWeight": _decimal(sum(goods.mass_g for goods in site.goods)),
        "totalVolume": _decimal(sum(goods.volume_ml for goods in site.goods)),
        "loadCheckTime": _time(site.loaded_at),
        "ckeckTime": _time(site.checked_at),
        "transType": kind,
        "dyBillChemicalDtoList": [_goods(goods, kind) for goods in site.goods],
    }


def _goods(goods: Goods, kind: int) -> dict[str, Any]:
    main = goods.hazard_class[:1]
    return {
        "chemicalName": goods.name,
        "chemicalType": int(main) if main.isdecimal() and main.isascii() else None,
        # The type is a whole class there; division and compatibility group would be lost.
        "chemicalTypeName": goods.hazard_class or None,
        "chemicalUnit": "吨",
        "packLevel": _GROUPS.index(goods.packing_group) + 1 if goods.packing_group in _GROUPS else None,
        "unionCode": goods.un_number or None,
        "weight": _decimal(goods.mass_g),
        "volume": _decimal(goods.volume_ml),
        "loadCheckWeight": None if goods.loaded_g is None else _decimal(goods.loaded_g),
        "checkWeight": None if goods.checked_g is None else _decimal(goods.checked_g),
        "transType": kind,
    }


def _decimal(millionths: int) -> int | float:
    """A number of that system. Up to 15 digits a double prints as it was written, so nothing is lost."""
    whole, rest = divmod(millionths, 1_000_000)
    return float(Decimal(millionths) / 1_000_000) if rest else whole


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(ZONE).strftime(_TIME)


def read(value: Any) -> Reading:
    """The bill in an object, or in the ``data`` of an answer; whatever it holds, reading raises nothing."""
    if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping):
        value = value["data"]
    reader = _Reader(value, "")
    bill = Bill(
        number=reader.text("billNo", required=True),
        status=reader.one_of("billStatus", range(TO_LOAD, CANCELLED + 1), TO_LOAD),
        vehicle=reader.plate("numberPlate"),
        trailer=reader.plate("tailerNumberPlate"),
        driver=reader.member("driver"),
        escort=reader.member("escort"),
        carrier_name=reader.text("transportCompanyName"),
        carrier_licence=reader.text("transportCompanyNo"),
        loading_at=reader.time("loadGoodsDate"),
        planned_unloading_at=reader.time("predictUnloadDate"),
        unloaded_at=reader.time("unloadGoodsDate"),
        began_at=reader.time("transportBeginTime"),
        ended_at=reader.time("transportEndTime"),
        remark=reader.text("remark"),
        senders=reader.many("dyBillShipReceiveUnitDtoList1", _read_unit),
        receivers=reader.many("dyBillShipReceiveUnitDtoList2", _read_unit),
    )
    return Reading(bill, tuple(reader.findings))


def _read_unit(reader: _Reader) -> Unit:
    return Unit(
        name=reader.text("unitName", required=True),
        contact=reader.text("contactPerson"),
        phone=reader.text("contactTel"),
        sites=reader.many("dyBillAddressDtoList", _read_site),
    )


def _read_site(reader: _Reader) -> Site:
    region = reader.text("regionId")
    return Site(
        name=reader.text("addressName"),
        road=reader.text("roadDetail"),
        # Systems number regions their own way; only what looks like the national code is taken for it.
        division=region if len(region) == 6 and region.isascii() and region.isdecimal() else "",
        loaded_at=reader.time("loadCheckTime"),
        checked_at=reader.time("ckeckTime"),
        goods=reader.many("dyBillChemicalDtoList", _read_goods),
    )


def _read_goods(reader: _Reader) -> Goods:
    group = reader.one_of("packLevel", range(4), 0)
    return Goods(
        name=reader.text("chemicalName", required=True),
        un_number=reader.text("unionCode"),
        hazard_class=reader.text("chemicalTypeName") or reader.text("chemicalType"),
        packing_group=_GROUPS[group - 1] if group else "",
        mass_g=reader.millionths("weight") or 0,
        volume_ml=reader.millionths("volume") or 0,
        loaded_g=reader.millionths("loadCheckWeight"),
        checked_g=reader.millionths("checkWeight"),
    )


@dataclass(slots=True)
class _Reader:
    """One object of the JSON and its path; ``findings`` is shared with the objects below."""

    value: Any
    path: str
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not isinstance(self.value, Mapping):
            self.fault("", "an object is expected 应为对象")
            self.value = {}

    def fault(self, name: str, problem: str) -> None:
        path = ".".join(filter(None, (self.path, name))) or "json"
        self.findings.append(Finding(reason=FIELD_INVALID, path=path, values={"field": path, "problem": problem}))

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
            value = str(value)
        if value is not None and not (isinstance(value, str) and len(value) <= _MOST_LETTERS and _is_plain(value)):
            self.fault(name, "not a text 应为文本")
            return ""
        if required and not value:
            self.fault(name, "is needed 必填")
        return value or ""

    def one_of(self, name: str, allowed: range, default: int) -> int:
        value = self.value.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            self.fault(name, f"none of {allowed.start} to {allowed.stop - 1} 取值无效")
            return default
        return value

    def millionths(self, name: str) -> int | None:
        """Grams of tonnes, millilitres of cubic metres; six decimals at most."""
        value = self.value.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > _MOST_DIGITS:
                raise InvalidOperation
            exact = Decimal(str(value)) * 1_000_000
            if not exact.is_finite() or not 0 <= exact <= _MOST_GRAMS or exact != int(exact):
                raise InvalidOperation
        except (ArithmeticError, ValueError):
            self.fault(name, "not a number of at most six decimals from 0 应为非负数，至多六位小数")
            return None
        return int(exact)

    def time(self, name: str) -> datetime | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.strptime(text, _TIME).replace(tzinfo=ZONE)
        except ValueError:
            self.fault(name, "not a time such as 2026-11-02 08:00:00 时间格式不符")
            return None

    def plate(self, name: str) -> Plate | None:
        text, word = self.text(name), self.text(f"{name}Color")
        if not text:
            return None
        ending = next(
            (each for each in sorted(COLOURS.values(), key=len, reverse=True) if text.endswith(f"-{each}")), ""
        )
        colour = next((each for each, said in COLOURS.items() if said == (word.removesuffix("色") or ending)), None)
        if colour is None:
            self.fault(f"{name}Color", f"none of {'、'.join(COLOURS.values())} 颜色无效")
            return None
        return Plate(text=text.removesuffix(f"-{ending}") if ending else text, colour=colour)

    def member(self, role: str) -> Member | None:
        name, certificate, phone = (self.text(f"{role}{each}") for each in ("Name", "CertificateNo", "ContactNo"))
        return Member(name=name, certificate=certificate, phone=phone) if name or certificate or phone else None

    def many(self, name: str, read_one: Callable[[_Reader], _T]) -> tuple[_T, ...]:
        value = self.value.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            self.fault(name, f"not a list of at most {MOST_ITEMS} 应为数组，至多{MOST_ITEMS}项")
            return ()
        below = ".".join(filter(None, (self.path, name)))
        return tuple(read_one(_Reader(each, f"{below}[{index}]", self.findings)) for index, each in enumerate(value))


def _is_plain(text: str) -> bool:
    """Without control characters and halves of surrogate pairs, which no other system should see from us."""
    return not any(ord(letter) < 32 or ord(letter) == 127 or 0xD800 <= ord(letter) < 0xE000 for letter in text)
