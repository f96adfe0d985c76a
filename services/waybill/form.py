"""The official form of a waybill as plain text in its blocks, filled from the waybill and the registry. Pure.

Blocks and fields are those of china.md 2.3. What the waybill itself states stands as it was stated; the registry tells
plates, certificates and the tank's volume as of the day of the print.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.registry.model import LicenceKind, PlateColour
from services.runtime.clock import LEGAL_ZONE
from services.waybill import aboard
from services.waybill.model import (
    Exemption,
    GoodsLine,
    Party,
    Place,
    Role,
    State,
    Stop,
    Succession,
    Waybill,
    WaybillKind,
)
from services.waybill.trip import Trip

Field = tuple[str, str]  # what the form calls it, and what stands there

STATES = {
    State.DRAFT: "制单", State.ISSUED: "已签发", State.LOADED: "已装货放行", State.IN_TRANSIT: "在途", State.ARRIVED: "到达",
    State.COMPLETED: "完成", State.VOIDED: "作废", State.REJECTED: "拒绝",
}  # fmt: skip
KINDS = {
    WaybillKind.NORMAL: "正常运输", WaybillKind.EMPTY_RETURN: "空载返回", WaybillKind.RESIDUE_RETURN: "残液返回",
    WaybillKind.REFUSED_RETURN: "拒收返回", WaybillKind.DIVERTED: "改变目的地", WaybillKind.RESCUE: "应急转运",
}  # fmt: skip
_COLOURS = {
    PlateColour.BLUE: "蓝", PlateColour.YELLOW: "黄", PlateColour.BLACK: "黑", PlateColour.WHITE: "白",
    PlateColour.GREEN: "绿", PlateColour.OTHER: "其他", PlateColour.YELLOW_GREEN: "黄绿", PlateColour.GRADIENT_GREEN: "渐变绿",
}  # fmt: skip
_EXEMPTIONS = {Exemption.EXCEPTED_QUANTITY: "例外数量", Exemption.LIMITED_QUANTITY: "有限数量"}
_MODES = {"tank": "罐装", "bulk": "散装", "packages": "包件"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """``goods`` are rows under ``GOODS_HEADER``. ``left`` and ``right`` stand beside each other, block by block."""

    number: str
    standing: str
    left: tuple[tuple[str, tuple[Field, ...]], ...]
    carrier: tuple[Field, ...]
    vehicles: tuple[tuple[str, tuple[Field, ...]], ...]
    crew: tuple[tuple[str, tuple[Field, ...]], ...]
    destination: str
    urban_distribution: bool
    right: tuple[tuple[str, tuple[Field, ...]], ...]
    goods: tuple[tuple[str, ...], ...]
    goods_notes: str
    remarks: tuple[Field, ...]
    dispatch: tuple[Field, ...]
    is_void: bool


GOODS_HEADER = ("序号", "UN编号", "危险货物运输名称", "类别/项别", "包装类别", "包装规格", "单位", "数量")


def form_of(trip: Trip, *, closed_tunnels: str) -> Form:
    """The trip as the blocks and lines of the printed waybill; ``closed_tunnels`` are named where the escort looks for them."""
    waybill = trip.waybill
    return Form(
        number=waybill.number,
        standing=f"{KINDS[waybill.kind]}｜第 {waybill.revision} 版｜{STATES[waybill.state]}",
        left=(("托运人", _party(waybill.consignor)), ("装货人", _party(waybill.loader))),
        right=(
            ("收货人", _party(_consignee(waybill))),
            ("运输", (("起运日期", _time(waybill.departed_at or waybill.planned_departure)), ("起运地", _place(waybill.origin)))),
        ),
        destination=_place(waybill.destination),
        urban_distribution=waybill.urban_distribution,
        carrier=_carrier(trip),
        vehicles=(
            ("车辆", _vehicle(trip, Role.TRACTOR)),
            ("挂车", _vehicle(trip, Role.TRAILER)),
            ("罐体", _tank(trip)),
        ),
        crew=(
            ("驾驶员", _people(trip, Role.DRIVER)),
            ("押运员", _people(trip, Role.ESCORT)),
        ),
        goods=tuple(_goods(line) for line in waybill.goods),
        goods_notes=_goods_notes(trip, closed_tunnels),
        remarks=tuple(_remarks(waybill)),
        dispatch=(("调度人", waybill.dispatcher), ("调度日期", _time(waybill.dispatched_at or waybill.issued_at))),
        is_void=waybill.state in (State.VOIDED, State.REJECTED),
    )  # fmt: skip


def local(at: datetime) -> str:
    """To the minute, of China."""
    return f"{at.astimezone(LEGAL_ZONE):%Y-%m-%d %H:%M}"


def _party(party: Party | None) -> tuple[Field, ...]:
    return (("名称", party.name if party else ""), ("联系电话", party.phone if party else ""))


def _consignee(waybill: Waybill) -> Party | None:
    return waybill.consignee or next((stop.consignee for stop in waybill.stops), None)


def _carrier(trip: Trip) -> tuple[Field, ...]:
    """The licence as the waybill states it, else as the registry knows it."""
    carrier = trip.waybill.carrier
    held = [each.number for each in trip.carrier_licences() if each.kind is LicenceKind.ROAD_OPERATION]
    licence = (carrier.licence_number if carrier else "") or min(held, default="")
    return (*_party(carrier), ("经营许可证号", licence))


def _vehicle(trip: Trip, role: Role) -> tuple[Field, ...]:
    vehicles = aboard.vehicles(trip, role)
    plates = (f"{each.plate}（{_COLOURS[each.plate_colour]}）" for each in vehicles)
    return (("车牌号码", "、".join(plates)), ("道路运输证号", "、".join(each.permit_number for each in vehicles)))


def _tank(trip: Trip) -> tuple[Field, ...]:
    tanks = aboard.tanks(trip)
    volumes = (f"{_thousandths(each.volume_ml)} L" for each in tanks)
    return (("罐体编号", "、".join(each.number for each in tanks)), ("罐体容积", "、".join(volumes)))


def _people(trip: Trip, role: Role) -> tuple[Field, ...]:
    people = aboard.people(trip, role)
    return (
        ("姓名", "、".join(person.name for person in people)),
        ("从业资格证", "、".join(aboard.certificate(person, role) for person in people)),
        ("联系电话", "、".join(person.phone for person in people)),
    )


def _goods(line: GoodsLine) -> tuple[str, ...]:
    packaging = line.packaging_spec or line.packaging or _MODES.get(line.mode, line.mode)
    count = f" × {line.package_count}" if line.package_count else ""
    extra = "，".join(filter(None, (_EXEMPTIONS.get(line.exemption, ""), "危险废物" if line.waste else "")))
    name = f"{line.name}（{extra}）" if extra else line.name
    return (
        str(line.number), f"UN{line.un_number}", name, line.hazard_class, line.packing_group or "—", f"{packaging}{count}",
        "kg", _thousandths(line.carried_g),
    )  # fmt: skip


def _goods_notes(trip: Trip, closed_tunnels: str) -> str:
    explosive_g = sum(line.net_explosive_mass_g for line in trip.waybill.goods)
    notes = [f"禁入隧道类别：{'、'.join(closed_tunnels) or '无'}", f"应急电话：{trip.waybill.emergency_phone or '—'}"]
    if explosive_g:
        notes.insert(0, f"净药量合计：{_thousandths(explosive_g)} kg")
    return "｜".join(notes)


def _remarks(waybill: Waybill) -> Iterator[Field]:
    if len(waybill.stops) > 1:
        yield from (_stop(stop) for stop in waybill.stops)
    for title, text in (
        ("许可证件", "、".join(waybill.permit_numbers)),
        ("注意事项", waybill.precautions),
        ("应急处置", waybill.emergency_measures),
        ("作废原因", waybill.void_reason),
        ("转单", "；".join(_succession(each) for each in waybill.successors)),
        ("备注", waybill.remarks),
    ):
        if text:
            yield title, text


def _succession(by: Succession) -> str:
    """The waybill that took over, and what of which line."""
    lines = "，".join(f"第 {line.goods_number} 项 {_thousandths(line.mass_g)} kg" for line in by.taken)
    return f"{KINDS[by.kind]} {by.number}：{lines}"


def _stop(stop: Stop) -> Field:
    drops = "；".join(f"第 {drop.goods_number} 项 {_thousandths(drop.planned_g)} kg" for drop in stop.drops)
    return f"卸货点 {stop.number}", "｜".join(filter(None, (_place(stop.place), stop.consignee.name, drops)))


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    return f"{place.name}（{place.address}）" if place.address and place.address != place.name else place.name


def _time(at: datetime | None) -> str:
    return local(at) if at else ""


def _thousandths(value: int) -> str:
    """A whole number of thousandths written out: 28000500 → 28,000.5."""
    whole, rest = divmod(value, 1000)
    return f"{whole:,}" + (f".{rest:03}".rstrip("0") if rest else "")
