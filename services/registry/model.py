"""What the registry knows: organisations, licences, vehicles, tanks, people, permits; plain values, no behaviour.

Days (``date``) are legal days of Asia/Shanghai and a last day counts in full: a certificate with ``valid_to`` 3 May is
good until 3 May 24:00. Instants are aware datetimes. ``None`` as an end means "until further notice".
Masses are whole grams, volumes whole millilitres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from geo.position import Position
from services.registry.scope import Scope


class OrganisationKind(Enum):
    CONSIGNOR = "CONSIGNOR"
    CARRIER = "CARRIER"
    LOADER = "LOADER"
    CONSIGNEE = "CONSIGNEE"
    TRANSPORT_AUTHORITY = "TRANSPORT_AUTHORITY"
    POLICE = "POLICE"
    EMERGENCY_AUTHORITY = "EMERGENCY_AUTHORITY"
    MARKET_AUTHORITY = "MARKET_AUTHORITY"
    INSPECTION_BODY = "INSPECTION_BODY"
    TUNNEL_OPERATOR = "TUNNEL_OPERATOR"
    FIREWORKS_PRODUCER = "FIREWORKS_PRODUCER"
    FIREWORKS_WHOLESALER = "FIREWORKS_WHOLESALER"
    FIREWORKS_RETAILER = "FIREWORKS_RETAILER"


AUTHORITIES = frozenset(
    {
        OrganisationKind.TRANSPORT_AUTHORITY,
        OrganisationKind.POLICE,
        OrganisationKind.EMERGENCY_AUTHORITY,
        OrganisationKind.MARKET_AUTHORITY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of an organisation, where it is when that is known."""

    id: str
    name: str
    address: str = ""
    division_code: str = ""
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRef:
    """The same thing in another system, and what that system last said about it."""

    system: str
    number: str
    state: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """``credit_code`` may be empty only for an old small shop that never got one; ``division_code`` is GB/T 2260."""

    id: str
    name: str
    credit_code: str
    kinds: frozenset[OrganisationKind]
    division_code: str
    phone: str = ""
    sites: tuple[Site, ...] = ()
    external_refs: tuple[ExternalRef, ...] = ()


class LicenceKind(Enum):
    ROAD_OPERATION = "ROAD_OPERATION"  # 道路运输经营许可证
    FILLING = "FILLING"  # 充装许可证
    CHEMICALS_TRADE = "CHEMICALS_TRADE"  # 危险化学品经营许可证
    CHEMICALS_PRODUCTION = "CHEMICALS_PRODUCTION"  # 安全生产许可证
    FIREWORKS_PRODUCTION = "FIREWORKS_PRODUCTION"
    FIREWORKS_WHOLESALE = "FIREWORKS_WHOLESALE"
    FIREWORKS_RETAIL = "FIREWORKS_RETAIL"
    FIREWORKS_DISPLAY = "FIREWORKS_DISPLAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """``scope`` is what ``scope_text`` was understood to say; ``site_id`` is set where the holder is licence + site."""

    id: str
    kind: LicenceKind
    number: str
    organisation_id: str
    scope_text: str = ""
    scope: Scope = field(default_factory=Scope)
    valid_from: date | None = None
    valid_to: date | None = None
    site_id: str = ""
    successor_of: str = ""
    suspended: bool = False


class VehicleKind(Enum):
    TRACTOR = "TRACTOR"
    RIGID = "RIGID"
    TRAILER = "TRAILER"


class VehicleType(Enum):
    """Types of JT/T 1285-2020; ``CT`` is every other dangerous-goods vehicle."""

    EX2 = "EX2"
    EX3 = "EX3"
    FL = "FL"
    OX = "OX"
    AT = "AT"
    CT = "CT"


class PlateColour(Enum):
    """Values as JT/T 415 and JT/T 809 number them."""

    BLUE = 1
    YELLOW = 2
    BLACK = 3
    WHITE = 4
    GREEN = 5
    OTHER = 9
    YELLOW_GREEN = 93
    GRADIENT_GREEN = 94


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """``rated_mass_g`` is 核定载质量; ``towing_mass_g`` 准牵引总质量 of a tractor; ``permit_*`` its 道路运输证.

    ``length_mm``, ``width_mm`` and ``height_mm`` are its 外廓尺寸, 0 where nobody has told them.

    ``annual_review_to`` is the last day of the 行驶证 inspection, ``operation_review_to`` that of the 道路运输证 review.
    """

    id: str
    carrier_id: str
    plate: str
    plate_colour: PlateColour
    vin: str
    kind: VehicleKind
    vehicle_type: VehicleType
    rated_mass_g: int
    kerb_mass_g: int = 0
    towing_mass_g: int = 0
    permit_number: str = ""
    scope_text: str = ""
    scope: Scope = field(default_factory=Scope)
    permit_valid_from: date | None = None
    permit_valid_to: date | None = None
    annual_review_to: date | None = None
    operation_review_to: date | None = None
    altered: bool = False
    positioning_device: str = ""
    owner_id: str = ""
    external_refs: tuple[ExternalRef, ...] = ()
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0


class TankKind(Enum):
    ATMOSPHERIC = "ATMOSPHERIC"  # 常压罐体: media by 适装介质列表
    PRESSURE = "PRESSURE"  # 移动式压力容器: media by use-registration certificate
    PORTABLE = "PORTABLE"  # 可移动罐柜
    CONTAINER = "CONTAINER"  # 罐箱


@dataclass(frozen=True, slots=True)
class Compartment:
    number: int
    volume_ml: int
    surge_plates: bool = False


@dataclass(frozen=True, slots=True)
class Medium:
    """One row of a 适装介质列表; an empty ``name`` stands for every entry of the UN number."""

    un_number: str
    name: str = ""


class TankCondition(Enum):
    LOADED = "LOADED"
    PART = "PART"
    EMPTY_UNCLEANED = "EMPTY_UNCLEANED"
    CLEANED = "CLEANED"
    GAS_FREE = "GAS_FREE"


@dataclass(frozen=True, slots=True, kw_only=True)
class TankState:
    """``last_un_numbers`` stands for every condition but CLEANED and GAS_FREE; those name certificate and station."""

    condition: TankCondition
    last_un_numbers: tuple[str, ...] = ()
    certificate: str = ""
    station: str = ""
    at: datetime | None = None

    @property
    def clean(self) -> bool:
        return self.condition in (TankCondition.CLEANED, TankCondition.GAS_FREE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """``tank_code`` as ADR 4.3 spells it (``LGBF``); ``fixed_on`` is a vehicle id, empty for a portable one."""

    id: str
    carrier_id: str
    number: str
    kind: TankKind
    tank_code: str
    compartments: tuple[Compartment, ...]
    permitted_media: tuple[Medium, ...]
    next_inspection: date | None
    rated_mass_g: int
    state: TankState
    fixed_on: str = ""
    certificate: str = ""
    external_refs: tuple[ExternalRef, ...] = ()

    @property
    def volume_ml(self) -> int:
        return sum(compartment.volume_ml for compartment in self.compartments)


class QualificationKind(Enum):
    DRIVER = "DRIVER"
    ESCORT = "ESCORT"
    LOADING_SUPERVISOR = "LOADING_SUPERVISOR"


class Special(Enum):
    """Goods whose crew must hold a certificate that says so."""

    TOXIC = "TOXIC"
    EXPLOSIVE = "EXPLOSIVE"
    RADIOACTIVE = "RADIOACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    kind: QualificationKind
    number: str
    valid_from: date | None
    valid_to: date | None
    specials: frozenset[Special] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    carrier_id: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """``identity_masked`` is all the model ever holds of an identity number (see ``identifiers.mask_identity``)."""

    id: str
    name: str
    identity_masked: str = ""
    phone: str = ""
    qualifications: tuple[Qualification, ...] = ()
    employment: tuple[Employment, ...] = ()
    external_refs: tuple[ExternalRef, ...] = ()


class PermitKind(Enum):
    TOXIC_ROAD_PASS = "TOXIC_ROAD_PASS"  # noqa: S105  # 剧毒化学品道路运输通行证
    FIREWORKS_ROAD_PERMIT = "FIREWORKS_ROAD_PERMIT"  # 烟花爆竹道路运输许可证
    EXPLOSIVES_ROAD_PERMIT = "EXPLOSIVES_ROAD_PERMIT"  # 民用爆炸物品运输许可证
    DRUG_PRECURSOR_PERMIT = "DRUG_PRECURSOR_PERMIT"  # 易制毒化学品运输许可证
    DRUG_PRECURSOR_FILING = "DRUG_PRECURSOR_FILING"  # 易制毒化学品运输备案证明
    RADIOACTIVE_APPROVAL = "RADIOACTIVE_APPROVAL"
    WASTE_MANIFEST = "WASTE_MANIFEST"  # 危险废物转移联单
    ZONE_PASS = "ZONE_PASS"  # noqa: S105  # 通行证 that exempts from a ban
    CROSSING_NOTICE = "CROSSING_NOTICE"  # notice of time and route to a bridge or tunnel operator


@dataclass(frozen=True, slots=True)
class PermitGoods:
    """``limit_g`` is the largest net mass the permit names; ``None`` where it names none."""

    un_number: str
    name: str = ""
    limit_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A permit for goods, or a pass through zones. Empty ``vehicle_ids``, ``goods``, ``zone_ids``, ``route`` bind nothing.

    ``route`` and ``stop_site_ids`` are the keys of edges and sites the permit names. ``valid_from`` is inclusive and
    ``valid_to`` exclusive. ``windows`` are the instants, half open, in which a pass may be used; empty means always.
    """

    id: str
    kind: PermitKind
    number: str
    issuer: str
    organisation_id: str
    valid_from: datetime
    valid_to: datetime
    vehicle_ids: frozenset[str] = frozenset()
    goods: tuple[PermitGoods, ...] = ()
    zone_ids: frozenset[str] = frozenset()
    route: frozenset[str] = frozenset()
    stop_site_ids: frozenset[str] = frozenset()
    windows: tuple[tuple[datetime, datetime], ...] = ()
    single_trip: bool = False
    used_by: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFacts:
    """What was known to be true at ``at``; ``versions`` maps ``<kind>/<id>`` of each thing to the version that was used."""

    at: datetime
    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    licences: tuple[Licence, ...] = ()
    vehicles: Mapping[str, Vehicle] = field(default_factory=dict)
    tanks: Mapping[str, Tank] = field(default_factory=dict)
    persons: Mapping[str, Person] = field(default_factory=dict)
    permits: tuple[Permit, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
