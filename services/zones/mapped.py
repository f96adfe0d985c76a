"""What a map tells of a zone besides its shape: bridges as structures, what a place is, its tags and where all this is from. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from geo import bridges
from services.zones.shapes import Line


class PlaceKind(Enum):
    """What an area is, whatever anybody rules about it; the names are those of ``geo.landmarks.LandmarkKind``."""

    WATER = "WATER"
    WATER_SOURCE = "WATER_SOURCE"
    NATURE_RESERVE = "NATURE_RESERVE"
    SCHOOL = "SCHOOL"
    KINDERGARTEN = "KINDERGARTEN"
    HOSPITAL = "HOSPITAL"
    SERVICE_AREA = "SERVICE_AREA"
    PARKING = "PARKING"
    FUEL = "FUEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One attribute in the map's own words: hazmat, maxheight, layer ..."""

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSource:
    """The map's object (``way/123``), which map, the day it was cut out (None: it does not say), under which licence."""

    element: str
    map_name: str = ""
    extracted_on: date | None = None
    map_licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """One stretch of a bridge between ends or forks."""

    line: Line = ()
    way_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """One physical bridge; its length is that of the longest way over it, ``longest_span_dm`` 0 while nobody has told it."""

    length_dm: int = 0
    longest_span_dm: int = 0
    decks: tuple[Deck, ...] = ()

    @property
    def is_large(self) -> bool:
        """特大桥 by JTG D60."""
        return bridges.is_large(self.length_dm, self.longest_span_dm)
