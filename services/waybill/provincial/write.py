"""A bill to the object of the provincial interface. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from services.waybill.provincial.model import (
    COLOURS,
    PACKING_GROUPS,
    TIME_FORMAT,
    ZONE,
    Bill,
    Goods,
    Member,
    Plate,
    Site,
    Unit,
)


def write(bill: Bill) -> dict[str, Any]:
    """The object of that interface, its spelling kept; what a bill does not say is null there."""
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
        "packLevel": PACKING_GROUPS.index(goods.packing_group) + 1 if goods.packing_group in PACKING_GROUPS else None,
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
    return None if at is None else at.astimezone(ZONE).strftime(TIME_FORMAT)
