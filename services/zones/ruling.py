"""What an authority rules about a zone: which goods, when, what they may not do, and on what paper it rests.

Days and minutes of the day are those of Beijing. Plain values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from services.errors import Basis


class Action(Enum):
    FORBID = "FORBID"
    ONLY_WITH_PASS = "ONLY_WITH_PASS"  # noqa: S105
    SPEED_LIMIT = "SPEED_LIMIT"
    NOTIFY = "NOTIFY"


class DayRule(Enum):
    ALL_DAY = "ALL_DAY"
    NOT_AT_ALL = "NOT_AT_ALL"
    WINDOWS = "WINDOWS"


class Purpose(Enum):
    """What a trip is for, where a ban may leave it alone."""

    SERVICE_AREA_FUEL = "SERVICE_AREA_FUEL"
    MEDICAL_OXYGEN = "MEDICAL_OXYGEN"
    RESCUE = "RESCUE"
    PUBLIC_SUPPLY = "PUBLIC_SUPPLY"


class Control(Enum):
    """Lists a substance may stand on; the names are those of ``services.goods.controls``."""

    SPECIAL_CONTROL = "SPECIAL_CONTROL"
    HIGHLY_TOXIC = "HIGHLY_TOXIC"
    EXPLOSIVE_PRECURSOR = "EXPLOSIVE_PRECURSOR"
    FIREWORKS = "FIREWORKS"
    CIVIL_EXPLOSIVE = "CIVIL_EXPLOSIVE"
    RADIOACTIVE = "RADIOACTIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The paper a rule rests on."""

    issuer: str
    number: str = ""
    title: str = ""
    article: str = ""
    issued_on: date | None = None

    def basis(self) -> Basis:
        title = f"《{self.title}》" if self.title else ""
        number = f"（{self.number}）" if self.number else ""
        text = f"{self.issuer}{title}{number}"
        return Basis(zh=text, en=text, article=self.article, effective_from=self.issued_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time of day on weekdays (1 Monday to 7 Sunday, empty: all); at or before its start, ``to_minute`` is of the next day."""

    from_minute: int
    to_minute: int
    weekdays: frozenset[int] = frozenset()

    @property
    def is_overnight(self) -> bool:
        return self.to_minute <= self.from_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Whole days, both ends counted."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A holiday notice: from midnight on it alone governs its days."""

    days: Days
    day_rule: DayRule
    windows: tuple[Window, ...] = ()
    source: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a rule holds; without anything: always. ``services.zones.calendar`` says how it is read."""

    windows: tuple[Window, ...] = ()
    dates: tuple[Days, ...] = ()
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsFilter:
    """Goods are meant when any non-empty part fits; every part empty means all dangerous goods."""

    hazards: frozenset[str] = frozenset()
    un_numbers: frozenset[str] = frozenset()
    tunnel_codes: frozenset[str] = frozenset()
    barred_from_category: str = ""
    controls: frozenset[Control] = frozenset()

    @property
    def is_empty(self) -> bool:
        return self == _ALL_GOODS


_ALL_GOODS = GoodsFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``id`` is the rule's own within its zone. It holds within [``valid_from``, ``valid_to``) when the calendar says so.

    Who is inside when it begins to hold has ``grace_minutes`` to leave; None: nobody has said, and the platform's figure holds.
    """

    id: str
    action: Action
    goods: GoodsFilter | None = None
    calendar: Calendar | None = None
    speed_dkmh: int = 0
    exempt: frozenset[Purpose] = frozenset()
    source: Notice | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    grace_minutes: int | None = None
    bore_ids: frozenset[str] = frozenset()  # of a tunnel only these bores; empty: all of it
