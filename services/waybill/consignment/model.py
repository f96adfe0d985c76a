"""A consignment list 危险货物托运清单 and what waybills draw on it. Plain values, no behaviour; masses are whole grams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.waybill.model import Exemption, Party, Place


class ListState(Enum):
    OFFERED = "OFFERED"  # sent, and not answered
    ACCEPTED = "ACCEPTED"  # nothing of it is on a waybill yet
    PART_ALLOTTED = "PART_ALLOTTED"
    ALLOTTED = "ALLOTTED"  # nothing remains
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyAdvice:
    """What Art 13 asks the consignor to say of the goods besides what they are."""

    hazard_properties: str
    precautions: str
    first_aid: str
    fire_fighting: str
    spill_handling: str
    secondary_pollution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentLine:
    """Goods to be carried, stated as in a waybill's ``GoodsLine``. ``drawn_g`` is what waybills carry of ``mass_g``."""

    number: int
    un_number: str
    name: str
    hazard_class: str
    mass_g: int
    mode: str
    safety: SafetyAdvice
    packing_group: str = ""
    gross_mass_g: int = 0
    net_explosive_mass_g: int = 0
    packaging: str = ""
    packaging_spec: str = ""
    package_count: int = 0
    exemption: Exemption = Exemption.NONE
    waste: bool = False
    cas: str = ""
    drawn_g: int = 0

    @property
    def remaining_g(self) -> int:
        return self.mass_g - self.drawn_g


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentList:
    """``revision`` counts what the consignor has sent; ``offered_at`` is the first time, ``answered_at`` the carrier's last."""

    id: str
    consignor: Party
    carrier: Party
    loader: Party
    consignee: Party
    origin: Place
    destination: Place
    lines: tuple[ConsignmentLine, ...]
    emergency_phone: str
    number: str = ""
    permit_numbers: tuple[str, ...] = ()
    remarks: str = ""
    state: ListState = ListState.OFFERED
    revision: int = 1
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    refused_reason: str = ""
    withdrawn_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What line ``goods_number`` of a waybill carries of line ``line_number`` of a list."""

    list_id: str
    line_number: int
    goods_number: int
    mass_g: int
