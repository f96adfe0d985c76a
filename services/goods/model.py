"""What a load is, and what a list of dangerous goods says of one entry. Whole grams everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

TUNNEL_CATEGORIES = ("A", "B", "C", "D", "E")
NO_RESTRICTION = "-"


class Mode(Enum):
    """How goods are carried: ADR's tank, bulk, and everything else (packages)."""

    TANK = "tank"
    BULK = "bulk"
    PACKAGES = "packages"


class Regime(Enum):
    """Whether a line travels in full, in limited or in excepted quantities (Measures Art 16 to 21)."""

    NORMAL = "NORMAL"
    LQ = "LQ"
    EQ = "EQ"


class TankState(Enum):
    """What is in the tank or packaging now; ``EMPTY_UNCLEANED`` names its last goods by the line's UN number."""

    LOADED = "LOADED"
    PART = "PART"
    EMPTY_UNCLEANED = "EMPTY_UNCLEANED"
    CLEANED = "CLEANED"
    GAS_FREE = "GAS_FREE"

    @property
    def is_dangerous(self) -> bool:
        """False once cleaned or gas-free: such a line restricts nothing."""
        return self is not TankState.CLEANED and self is not TankState.GAS_FREE


class Carriage(Enum):
    """Whether the list lets the entry travel by road at all."""

    PERMITTED = "PERMITTED"
    PROHIBITED = "PROHIBITED"
    NOT_SUBJECT = "NOT_SUBJECT"


@dataclass(frozen=True, kw_only=True)
class GoodsRow:
    """One row of a dangerous-goods list: the facts of a UN number, packing group and variant.

    Columns are those of ADR table A / JT/T 617.3: empty where no list has anything, ``-`` where the list says "none".
    ``goods_class`` is column 3a (``2`` for every gas, ``1`` for every explosive), ``division`` the Chinese 类/项
    (``2.1``, ``1.4``, ``3``), ``subsidiary`` the further labels joined by ``+``; alternative tank codes are joined by ``; ``.
    ``disputed`` names the columns in which the lists behind this row disagree.
    """

    un_number: str
    name_zh: str = ""
    name_en: str = ""
    goods_class: str = ""
    division: str = ""
    classification_code: str = ""
    subsidiary: str = ""
    packing_group: str = ""
    tunnel_code: str = ""
    transport_category: str = ""
    hazard_identification_number: str = ""
    tank_code: str = ""
    limited_quantity: str = ""
    excepted_quantity: str = ""
    variant: str = ""
    carriage: Carriage = Carriage.PERMITTED
    disputed: tuple[str, ...] = ()

    @cached_property
    def is_explosive(self) -> bool:
        return self.goods_class == "1"

    @cached_property
    def compatibility_group(self) -> str:
        """The letter of a class 1 classification code (``1.4G`` → ``G``), else empty."""
        code = self.classification_code
        return code[-1] if self.is_explosive and code and code[-1].isalpha() else ""

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Danger labels: the main one first, then the subsidiary ones."""
        return (self.division, *(label for label in self.subsidiary.split("+") if label))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """One goods line aboard.

    ``mass_g`` is net for NORMAL and gross including packaging for LQ and EQ. ``net_explosive_mass_g`` 0 means not
    stated. ``tank_code`` is the code of the tank offered, empty where not known. ``name`` and ``cas`` narrow the
    choice among rows and find substances controlled by name.
    """

    un_number: str
    packing_group: str = ""
    mode: Mode = Mode.PACKAGES
    mass_g: int = 0
    net_explosive_mass_g: int = 0
    packages: int = 0
    quantity_regime: Regime = Regime.NORMAL
    tank_state: TankState = TankState.LOADED
    name: str = ""
    cas: str = ""
    tank_code: str = ""

    @property
    def is_dangerous(self) -> bool:
        return self.tank_state.is_dangerous


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Everything aboard one transport unit.

    ``vehicle_type`` is the approval of the vehicle: ``EX/II``, ``EX/III``, ``FL``, ``OX``, ``AT``, ``CT`` or empty.
    """

    lines: tuple[LoadLine, ...] = field(default=())
    vehicle_type: str = ""
