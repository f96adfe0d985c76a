"""Checks, fill permits, weights and records of one loading; plain values, no behaviour.

Masses are whole grams, volumes whole millilitres, temperatures tenths of a degree Celsius, pressures whole kilopascals
(gauge). Digests of photos are 64 hex digits. A waybill has one loading, which may be checked any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum


class CheckCode(Enum):
    VEHICLE_PAPERS = "VEHICLE_PAPERS"  # 行驶证、道路运输证
    CREW_PAPERS = "CREW_PAPERS"  # 驾驶人、押运人员资质
    INSPECTION = "INSPECTION"  # 检验有效期
    GOODS_AS_WAYBILL = "GOODS_AS_WAYBILL"  # 与运单一致
    PERMITTED_MEDIUM = "PERMITTED_MEDIUM"  # 适装介质
    SPECIAL_DOCUMENTS = "SPECIAL_DOCUMENTS"  # Art 15 permits
    LAST_CARGO = "LAST_CARGO"  # 换装条件
    KEYS_HELD = "KEYS_HELD"
    WHEEL_CHOCKS = "WHEEL_CHOCKS"
    STATIC_EARTH = "STATIC_EARTH"
    FLAME_ARRESTER = "FLAME_ARRESTER"
    USE_REGISTRATION = "USE_REGISTRATION"  # 移动式压力容器使用登记证
    RESIDUAL_PRESSURE = "RESIDUAL_PRESSURE"
    RESIDUAL_MEDIUM = "RESIDUAL_MEDIUM"
    VALVES = "VALVES"
    FILLER_LICENCE = "FILLER_LICENCE"  # 充装许可证
    OPERATOR_CERTIFICATE = "OPERATOR_CERTIFICATE"
    HOLDING_TIME = "HOLDING_TIME"  # LNG 维持时间


class PostFillCode(Enum):
    CLOSURES = "CLOSURES"
    NO_LEAK = "NO_LEAK"
    DISCONNECTED = "DISCONNECTED"
    MARKS = "MARKS"  # GB 13392
    SAFETY_PLATE = "SAFETY_PLATE"  # GB 20300
    PACKAGING = "PACKAGING"


class Result(Enum):
    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class State(Enum):
    NEW = "NEW"
    APPOINTED = "APPOINTED"
    CHECKED_FAIL = "CHECKED_FAIL"
    PERMITTED = "PERMITTED"
    FILLED = "FILLED"
    RECORDED = "RECORDED"


class Bound(Enum):
    """What bounds a maximum."""

    ORDER = "ORDER"
    FILLING = "FILLING"
    RATED_MASS = "RATED_MASS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """ "The registry is wrong": a document, a second person and a named approver."""

    document_sha256: str
    second_person_id: str
    approver_id: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    code: CheckCode
    result: Result
    checked_by_id: str
    note: str = ""
    photo_sha256: tuple[str, ...] = ()
    objection: Objection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What is about to go in. ``density_mg_per_ml`` is that at the filling temperature, 0 where not measured."""

    goods_number: int
    un_number: str
    name: str
    packing_group: str = ""
    compartment: int | None = None
    density_mg_per_ml: int = 0
    temperature_dc: int | None = None
    expansion_ppm_per_k: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    id: str
    waybill_id: str
    items: tuple[CheckItem, ...] = ()
    fills: tuple[Fill, ...] = ()
    plates: tuple[str, ...] = ()
    residual_pressure_kpa: int | None = None
    holding_ends_at: datetime | None = None
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillEntry:
    """One line of goods: ``maximum_g`` is the most that may be in its compartment, and ``bound`` says why."""

    goods_number: int
    un_number: str
    name: str
    compartment: int | None
    planned_g: int
    maximum_g: int
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class FillPermit:
    """``id`` is that of the check which gave it; ``maximum_total_g`` bounds all entries together."""

    id: str
    waybill_id: str
    revision: int
    entries: tuple[FillEntry, ...]
    maximum_total_g: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """``gross_g`` 0: not filled yet."""

    tare_g: int
    gross_g: int = 0
    scale: str = ""
    ticket: str = ""
    weighed_at: datetime | None = None

    @property
    def net_g(self) -> int:
        return self.gross_g - self.tare_g if self.gross_g else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFillItem:
    code: PostFillCode
    result: Result
    checked_by_id: str
    note: str = ""
    photo_sha256: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    number: str
    compartment: int | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFill:
    items: tuple[PostFillItem, ...] = ()
    seals: tuple[Seal, ...] = ()
    checked_at: datetime | None = None

    @property
    def passed(self) -> bool:
        return all(item.result is not Result.FAIL for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLine:
    goods_number: int
    mass_g: int
    compartment: int | None = None
    un_number: str = ""
    name: str = ""
    hazard_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingRecord:
    """What Art 31 asks for, as it was when it was recorded; ``net_g`` is what the weighbridge says, 0 without one."""

    id: str
    waybill_id: str
    lines: tuple[LoadedLine, ...] = ()
    supervisor_id: str = ""
    loaded_at: datetime | None = None
    waybill_number: str = ""
    revision: int = 0
    permit_id: str = ""
    consignor: str = ""
    carrier: str = ""
    plates: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    net_g: int = 0
    seals: tuple[str, ...] = ()
    retain_until: date | None = None
    voided_at: datetime | None = None
    void_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    planned_at: datetime
    bay: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the registry said of an item when somebody last looked: a digest, to tell what changed."""

    code: CheckCode
    digest: str
    result: Result | None = None
    contested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How far the loading of a waybill's ``revision`` has come."""

    waybill_id: str
    revision: int
    state: State = State.NEW
    appointment: Appointment | None = None
    check_id: str = ""
    seen: tuple[Seen, ...] = ()
    permit: FillPermit | None = None
    weights: Weights | None = None
    post_fill: PostFill | None = None
    record: LoadingRecord | None = None
