"""A waybill, its stops, crew, route and clearance. Plain values, no behaviour.

Instants are aware datetimes, masses whole grams, volumes whole millilitres. What the official form shows is held as it
was stated (names, phones, licence numbers): a later change in the registry must not change what was signed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from geo.position import Position
from services.registry.model import ExternalRef
from services.zones.ruling import Purpose


class WaybillKind(Enum):
    NORMAL = "NORMAL"
    EMPTY_RETURN = "EMPTY_RETURN"
    RESIDUE_RETURN = "RESIDUE_RETURN"
    REFUSED_RETURN = "REFUSED_RETURN"
    DIVERTED = "DIVERTED"
    RESCUE = "RESCUE"


class State(Enum):
    DRAFT = "DRAFT"
    ISSUED = "ISSUED"
    LOADED = "LOADED"
    IN_TRANSIT = "IN_TRANSIT"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    VOIDED = "VOIDED"
    REJECTED = "REJECTED"


class Role(Enum):
    """What is assigned to a trip, and may be exchanged on the way."""

    TRACTOR = "TRACTOR"  # the powered vehicle, rigid lorries too
    TRAILER = "TRAILER"
    TANK = "TANK"
    DRIVER = "DRIVER"
    ESCORT = "ESCORT"

    @property
    def kind(self) -> str:
        """The kind of the registry's things that hold it."""
        return _KINDS[self]


_KINDS = {
    Role.TRACTOR: "vehicle", Role.TRAILER: "vehicle", Role.TANK: "tank", Role.DRIVER: "person", Role.ESCORT: "person",
}  # fmt: skip


class Exemption(Enum):
    NONE = "NONE"
    EXCEPTED_QUANTITY = "EXCEPTED_QUANTITY"  # 例外数量
    LIMITED_QUANTITY = "LIMITED_QUANTITY"  # 有限数量


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A party as the form shows it; ``organisation_id`` may be empty for a consignee who is not registered."""

    name: str
    phone: str = ""
    organisation_id: str = ""
    licence_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    name: str
    address: str = ""
    division_code: str = ""
    site_id: str = ""
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsLine:
    """One line of goods. ``mass_g`` is net, ``gross_mass_g`` with packaging; ``mode`` is tank, bulk or packages.

    ``hazard_class`` is class or division as stated ("3", "1.4G"); ``name`` and ``cas`` tell entries of one UN number
    apart. ``compartment`` is a compartment number of the assigned tank. ``waste`` says that the goods are 危险废物. ``actual_mass_g`` is what the loading record says was loaded.
    ``consignment_list_id`` and ``consignment_line`` narrow what the line is carried for; empty and 0 leave it open.
    """

    number: int
    un_number: str
    name: str
    hazard_class: str
    mass_g: int
    mode: str
    packing_group: str = ""
    gross_mass_g: int = 0
    net_explosive_mass_g: int = 0
    volume_ml: int = 0
    density_mg_per_ml: int = 0
    packaging: str = ""
    packaging_spec: str = ""
    package_count: int = 0
    compartment: int | None = None
    exemption: Exemption = Exemption.NONE
    waste: bool = False
    cas: str = ""
    actual_mass_g: int | None = None
    consignment_list_id: str = ""
    consignment_line: int = 0

    @property
    def carried_g(self) -> int:
        """What was loaded where the loading record says so, else what was planned."""
        return self.mass_g if self.actual_mass_g is None else self.actual_mass_g


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """What one stop receives of one goods line, and what came of it."""

    goods_number: int
    planned_g: int
    compartment: int | None = None
    delivered_g: int | None = None
    returned_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One delivery, in the order of ``number`` from 1."""

    number: int
    place: Place
    consignee: Party
    drops: tuple[Drop, ...] = ()
    planned_arrival: datetime | None = None
    signed_by: str = ""
    signed_at: datetime | None = None
    refused_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A resource in a role from ``from_at`` until ``to_at`` (half open); ``None`` is the start or the end of the trip."""

    role: Role
    resource_id: str
    from_at: datetime | None = None
    to_at: datetime | None = None
    reason: str = ""
    approved_by: str = ""

    @property
    def resource(self) -> str:
        """``vehicle/<id>``, ``tank/<id>`` or ``person/<id>``: things of two kinds may have one id."""
        return f"{self.role.kind}/{self.resource_id}"

    def holds_at(self, at: datetime) -> bool:
        """Whether it has begun; an end is the first instant at which it holds no longer."""
        return (self.from_at is None or self.from_at <= at) and (self.to_at is None or at < self.to_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The planned route: keys of road edges in driving order, keys of zones it touches, and its line."""

    edge_keys: tuple[str, ...] = ()
    zone_keys: tuple[str, ...] = ()
    line: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenLine:
    """Grams of one goods line that another waybill took over."""

    goods_number: int
    mass_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """A waybill that took over load when it departed 转单."""

    waybill_id: str
    number: str
    kind: WaybillKind
    at: datetime
    taken: tuple[TakenLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waybill:
    """``under_correction`` names the open revision, ``replaces`` the waybill a return, diversion or rescue follows.

    For EMPTY_RETURN and RESIDUE_RETURN ``goods`` holds the last goods of the tank. ``authority`` is the regulator that
    ordered a RESCUE. ``unloaded_at`` ends the time in which vehicle and crew are busy. ``successors`` took over load on
    the way; COMPLETED by the last of them when it left nothing aboard.
    """

    id: str
    kind: WaybillKind = WaybillKind.NORMAL
    state: State = State.DRAFT
    number: str = ""
    revision: int = 1
    under_correction: str = ""
    replaces: str = ""
    authority: str = ""
    consignment_list_ids: tuple[str, ...] = ()
    consignor: Party | None = None
    carrier: Party | None = None
    loader: Party | None = None
    consignee: Party | None = None
    origin: Place | None = None
    destination: Place | None = None
    urban_distribution: bool = False
    planned_loading: datetime | None = None
    planned_departure: datetime | None = None
    planned_arrival: datetime | None = None
    goods: tuple[GoodsLine, ...] = ()
    stops: tuple[Stop, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    route: Route = field(default_factory=Route)
    permit_numbers: tuple[str, ...] = ()
    emergency_phone: str = ""
    precautions: str = ""
    emergency_measures: str = ""
    dispatcher: str = ""
    dispatched_at: datetime | None = None
    remarks: str = ""
    external_refs: tuple[ExternalRef, ...] = ()
    issued_at: datetime | None = None
    issued_offline_at: datetime | None = None
    departed_at: datetime | None = None
    arrived_at: datetime | None = None
    unloaded_at: datetime | None = None
    completed_at: datetime | None = None
    void_reason: str = ""
    purposes: tuple[Purpose, ...] = ()
    successors: tuple[Succession, ...] = ()

    @property
    def carrier_id(self) -> str:
        """Empty where no carrier is named."""
        return self.carrier.organisation_id if self.carrier else ""

    def resources(self, role: Role) -> tuple[str, ...]:
        """Ids of all that are or were assigned in ``role``, in the order of the assignments, each once."""
        return tuple(dict.fromkeys(each.resource_id for each in self.assignments if each.role is role))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The loader's word that this revision was checked, loaded and may leave."""

    waybill_id: str
    revision: int
    loading_record_id: str
    granted_at: datetime
    voided_at: datetime | None = None
    void_reason: str = ""
