"""Zones and their versions; what is ruled about them stands in ``ruling``, tunnels in ``tunnels``. Plain values.

Field names are those of the contract. Positions are (latitude, longitude) in degrees x 10^7, lengths decimetres, instants
aware datetimes, days and minutes of the day those of Beijing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property

from geo.position import Position, distance_m
from geo.shapes import MultiPolygon
from services.zones.mapped import Bridge, Deck, MapSource, PlaceKind, Tag
from services.zones.ruling import Notice, Rule
from services.zones.shapes import Line, Polygon, area_of_zone
from services.zones.tunnels import Bore, Tunnel

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
