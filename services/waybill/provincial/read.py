"""An object of the provincial interface to a bill, with every fault by its path in that object. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.errors import Finding
from services.waybill.provincial.fields import Reader
from services.waybill.provincial.model import CANCELLED, PACKING_GROUPS, TO_LOAD, Bill, Goods, Site, Unit


@dataclass(frozen=True, slots=True)
class Reading:
    """``bill`` can be used once there are no findings."""

    bill: Bill
    findings: tuple[Finding, ...]


def read(value: Any) -> Reading:
    """The bill in an object, or in the ``data`` of an answer; whatever it holds, reading raises nothing."""
    if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping):
        value = value["data"]
    reader = Reader(value, "")
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


def _read_unit(reader: Reader) -> Unit:
    return Unit(
        name=reader.text("unitName", required=True),
        contact=reader.text("contactPerson"),
        phone=reader.text("contactTel"),
        sites=reader.many("dyBillAddressDtoList", _read_site),
    )


def _read_site(reader: Reader) -> Site:
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


def _read_goods(reader: Reader) -> Goods:
    group = reader.one_of("packLevel", range(4), 0)
    return Goods(
        name=reader.text("chemicalName", required=True),
        un_number=reader.text("unionCode"),
        hazard_class=reader.text("chemicalTypeName") or reader.text("chemicalType"),
        packing_group=PACKING_GROUPS[group - 1] if group else "",
        mass_g=reader.millionths("weight") or 0,
        volume_ml=reader.millionths("volume") or 0,
        loaded_g=reader.millionths("loadCheckWeight"),
        checked_g=reader.millionths("checkWeight"),
    )
