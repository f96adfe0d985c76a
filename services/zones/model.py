"""Zones, their rules and versions: where goods may not go, and when. Plain values.

Field names are those of the contract. Positions are (latitude, longitude) in degrees x 10^7, lengths decimetres, instants
aware datetimes, days and minutes of the day those of Beijing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from functools import cached_property

from geo.position import Position, distance_m
from geo.shapes import MultiPolygon
from services.errors import Basis
from services.zones.mapped import Bridge, Deck, MapSource, PlaceKind, Tag
from services.zones.shapes import Line, Polygon, area_of_zone

DEFAULT_WIDTH_DM = 300  # two lanes and what a fix may be off


class ZoneKind(Enum):
    TUNNEL = "TUNNEL"
    RESTRICTED_AREA = "RESTRICTED_AREA"
    CORRIDOR = "CORRIDOR"
    SPEED_SECTION = "SPEED_SECTION"
    PARKING = "PARKING"
    TIME_BANNED_ROAD = "TIME_BANNED_ROAD"
    BRIDGE = "BRIDGE"

    @property
    def is_line(self) -> bool:
        """Drawn along a road: one that only crosses it is not on it."""
        return self in _LINES


_LINES = frozenset(
    {ZoneKind.TUNNEL, ZoneKind.CORRIDOR, ZoneKind.SPEED_SECTION, ZoneKind.TIME_BANNED_ROAD, ZoneKind.BRIDGE}
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bore:
    """One tube in one direction of travel; ``line`` runs from entrance to exit and is straight when empty.

    ``category`` is its own, where somebody has told bores apart; empty: the tunnel's.
    """

    id: str
    entrance: Position
    exit: Position
    length_dm: int = 0
    edge_keys: tuple[str, ...] = ()
    way_ids: tuple[int, ...] = ()
    line: Line = ()
    category: str = ""
    category_source: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """One physical tunnel; ``category`` is "A" to "E" for every bore without one of its own, or empty as long as nobody has classified
    these. ``length_dm`` is that of the longest bore."""

    length_dm: int = 0
    category: str = ""
    category_source: Notice | None = None
    bores: tuple[Bore, ...] = ()

    def classified_as(self, known: Tunnel) -> Tunnel:
        """As it is drawn, of the categories of another drawing of it; a bore that one does not have has none of its own."""
        own = {bore.id: (bore.category, bore.category_source) for bore in known.bores}
        told = ((bore, *own.get(bore.id, ("", None))) for bore in self.bores)
        bores = tuple(replace(bore, category=category, category_source=source) for bore, category, source in told)
        return replace(self, category=known.category, category_source=known.category_source, bores=bores)

    def category_of(self, bore: Bore) -> str:
        return bore.category or self.category

    def through(self, bore_ids: frozenset[str] = frozenset()) -> tuple[Bore, ...]:
        """The bores of these ids; all of them where none is known."""
        return tuple(bore for bore in self.bores if bore.id in bore_ids) or self.bores

    def strictest(self, bore_ids: frozenset[str] = frozenset()) -> str:
        """The strictest category on a way through these bores, of the whole tunnel where none is named; empty: not classified."""
        return max((self.category_of(bore) for bore in self.through(bore_ids)), default=self.category)

    def source_of(self, category: str, bore_ids: frozenset[str] = frozenset()) -> Notice | None:
        """Who classified the bores as being of that category, and in what."""
        told = (bore.category_source for bore in self.through(bore_ids) if bore.category == category)
        return next(filter(None, told), self.category_source)

    def length_of(self, bore_ids: frozenset[str] = frozenset()) -> int:
        """Decimetres of the longest of these bores; of the tunnel where nobody has told theirs."""
        return max((bore.length_dm for bore in self.through(bore_ids)), default=0) or self.length_dm


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """``polygons`` draw areas, ``line`` with ``width_dm`` draws roads, the tunnel's bores or the bridge's decks draw those.

    A ``proposed`` zone comes out of a map and nobody has confirmed it: it has no rules and binds nobody.
    """

    id: str
    kind: ZoneKind
    name: str
    division_code: str = ""
    polygons: tuple[Polygon, ...] = ()
    line: Line = ()
    width_dm: int = 0
    edge_keys: tuple[str, ...] = ()
    tunnel: Tunnel | None = None
    rules: tuple[Rule, ...] = ()
    source: Notice | None = None
    bridge: Bridge | None = None
    place_kind: PlaceKind | None = None
    tags: tuple[Tag, ...] = ()
    map_source: MapSource | None = None
    proposed: bool = False

    @property
    def is_in_force(self) -> bool:
        """Whether those who follow vehicles look at it: a proposal counts for nothing, but a tunnel is where it is."""
        return not self.proposed or self.kind is ZoneKind.TUNNEL

    def area(self, *, is_checked: bool = False) -> MultiPolygon:
        """What decides membership. Raises ``geo.shapes.ShapeError`` for a shape that is none, unless that ``is_checked``."""
        if self.kind is ZoneKind.TUNNEL:
            bores = self.tunnel.bores if self.tunnel else ()
            lines = [bore.line or (bore.entrance, bore.exit) for bore in bores]
            return area_of_zone((), lines, self.width_dm or DEFAULT_WIDTH_DM)
        if self.kind is ZoneKind.BRIDGE:
            decks = self.bridge.decks if self.bridge else ()
            return area_of_zone((), [deck.line for deck in decks], self.width_dm or DEFAULT_WIDTH_DM)
        return area_of_zone(self.polygons, [self.line] if self.line else [], self.width_dm, is_checked=is_checked)

    @property
    def structure_dm(self) -> int:
        """The length of the tunnel or bridge; 0 for others and while nobody has told it."""
        structure = self.tunnel or self.bridge
        return structure.length_dm if structure else 0

    def drawn_lines(self) -> tuple[Line, ...]:
        """The lines of its bores, or of its decks, in their order."""
        parts: tuple[Bore, ...] | tuple[Deck, ...] = ()
        if self.tunnel is not None:
            parts = self.tunnel.bores
        elif self.bridge is not None:
            parts = self.bridge.decks
        return tuple(part.line for part in parts)

    def bores_along(self, edge_keys: Iterable[str], enter: Position, leave: Position) -> frozenset[str]:
        """The bores of a tunnel that somebody goes through who enters and leaves it there: those with one of the edges, and where none
        has, those that lead the same way. Empty for what has no bores, or where nobody can tell."""
        bores, keys = self.tunnel.bores if self.tunnel else (), set(edge_keys)
        with_edges = frozenset(bore.id for bore in bores if not keys.isdisjoint(bore.edge_keys))
        return with_edges or frozenset(
            bore.id
            for bore in bores
            if distance_m(enter, bore.entrance) < distance_m(enter, bore.exit)
            and distance_m(leave, bore.exit) < distance_m(leave, bore.entrance)
        )

    def all_edge_keys(self) -> tuple[str, ...]:
        """Every road edge it names, its own and its bores'."""
        bores = self.tunnel.bores if self.tunnel else ()
        return (*self.edge_keys, *(key for bore in bores for key in bore.edge_keys))


@dataclass(frozen=True, kw_only=True)
class ZoneVersion:
    """One version: true in [``valid_from``, ``valid_to``), known since ``recorded_at``; ``number`` counts all changes up.

    A withdrawn version says that the zone is no more.
    """

    number: int
    zone: Zone
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    recorded_by: str
    withdrawn: bool = False

    @property
    def version(self) -> str:
        """The version's name for ever; names sort as the numbers do."""
        return f"{self.number:012}"

    @cached_property
    def area(self) -> MultiPolygon:
        """The shape, worked out once, for ``geo.index``; it was checked when the version was written."""
        return self.zone.area(is_checked=True)


@dataclass(frozen=True, slots=True)
class Effective:
    """A version in the time [``valid_from``, ``valid_to``) in which it is the true one of its zone."""

    version: ZoneVersion
    valid_from: datetime
    valid_to: datetime | None

    def is_true_at(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


class Outcome(Enum):
    FORBIDDEN = "FORBIDDEN"
    PASS_NEEDED = "PASS_NEEDED"  # noqa: S105
    UNDECIDED = "UNDECIDED"
    NOTIFY = "NOTIFY"
    SPEED_LIMIT = "SPEED_LIMIT"
    EXEMPT = "EXEMPT"
    UNJUDGED = "UNJUDGED"

    @property
    def blocks(self) -> bool:
        """Whether the load must stay out; what nobody can decide is not taken for allowed."""
        return self in (Outcome.FORBIDDEN, Outcome.PASS_NEEDED, Outcome.UNDECIDED)
