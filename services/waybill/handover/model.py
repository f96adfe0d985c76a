"""A hand-over 交接: what its giver stated and what its taker answered. Plain values, no behaviour; masses in grams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.waybill.model import Place


class HandoverKind(Enum):
    LOADING = "LOADING"  # 装货交接: loader to carrier
    CREW = "CREW"  # 人员交接: made by a swap
    VEHICLE = "VEHICLE"  # 车辆交接: made by a swap
    PARKED = "PARKED"  # 甩挂寄存: carrier to the operator of a site
    TAKEN_UP = "TAKEN_UP"  # 取回: the site's operator to the carrier
    DELIVERY = "DELIVERY"  # 卸货交接: carrier to consignee


class HandoverState(Enum):
    OFFERED = "OFFERED"
    COUNTERSIGNED = "COUNTERSIGNED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class SignatureMethod(Enum):
    KEY = "KEY"
    CUSTODIAL_KEY = "CUSTODIAL_KEY"
    ONE_TIME_CODE = "ONE_TIME_CODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Who gives or takes. ``person_id`` is the one person who may sign; without ``organisation_id`` only a code signs."""

    name: str = ""
    organisation_id: str = ""
    person_id: str = ""
    site_id: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedLine:
    goods_number: int
    mass_g: int
    compartment: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLine:
    """What the taker found of one line, and what it gave back."""

    goods_number: int
    delivered_g: int
    returned_g: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverAnswer:
    """What the taker said. ``late``: after the alarm."""

    signed_by: str
    signed_at: datetime
    method: SignatureMethod
    received: tuple[ReceivedLine, ...] = ()
    differences: str = ""
    refused_reason: str = ""
    discrepancy: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Fields as in the contract. ``statement_digest`` is of the giver's statement, and what the taker signs."""

    id: str
    waybill_id: str
    kind: HandoverKind
    revision: int
    stop_number: int = 0
    revision_digest: bytes = b""
    loading_record_digest: bytes = b""
    giver_person_id: str = ""
    taker: Custodian | None = None
    lines: tuple[HandedLine, ...] = ()
    seals: tuple[str, ...] = ()
    place: Place | None = None
    handed_at: datetime | None = None
    note: str = ""
    state: HandoverState = HandoverState.OFFERED
    giver: Custodian | None = None
    statement_digest: bytes = b""
    due_at: datetime | None = None
    answer: HandoverAnswer | None = None
