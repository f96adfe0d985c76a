"""What detection is told about a vehicle: under way or not, what is aboard, where it may go, with which passes. As bytes for the log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any, TypeVar

from services.monitoring import routes
from services.monitoring.routes import Point as Point

CATEGORIES = "ABCDE"


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of the load: UN number of four digits, class or division (several where several entries may be meant), lists it
    stands on, label compatibility ("1.1D" for class 1), tunnel codes, and further labels (subsidiary hazards)."""

    un_number: str
    hazards: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    compatibility: str = ""
    tunnel_codes: tuple[str, ...] = ()
    subsidiary: tuple[str, ...] = ()

    def to_plain(self) -> list[Any]:
        return [
            self.un_number, list(self.hazards), list(self.controls), self.compatibility, list(self.tunnel_codes),
            list(self.subsidiary),
        ]  # fmt: skip

    @classmethod
    def from_plain(cls, plain: list[Any]) -> Goods:
        un_number, hazards, controls, compatibility, *further = plain  # older facts hold nothing further
        return cls(un_number, tuple(hazards), tuple(controls), compatibility, *map(tuple, further))


@dataclass(frozen=True, slots=True)
class Site:
    """A place where the trip may load, unload or stop; ``purpose`` is LOADING, UNLOADING or STOP."""

    latitude_e7: int
    longitude_e7: int
    radius_m: int
    site_id: str = ""
    purpose: str = "UNLOADING"


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass through zones (通行证): for these UN numbers (none: whatever is aboard), in these merged half open spans of milliseconds."""

    id: str
    zone_ids: tuple[str, ...]
    un_numbers: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def covers(self, zone_id: str, goods: tuple[Goods, ...]) -> bool:
        """Whether it is for the zone and for every line of the load."""
        fits = not self.un_numbers or all(line.un_number in self.un_numbers for line in goods)
        return fits and zone_id in self.zone_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class PassFact:
    """All passes a vehicle holds from ``at_ms`` on, those for later too; each fact replaces the one before it."""

    vehicle: int
    at_ms: int
    passes: tuple[Pass, ...] = ()

    def encode(self) -> bytes:
        """The same bytes for the same fact."""
        return _dumps({"v": 1, "passes_of": self.vehicle, "at": self.at_ms, "passes": _plain_passes(self.passes)})

    @classmethod
    def decode(cls, body: bytes) -> PassFact:
        """What ``encode`` wrote; ``ValueError`` for anything else."""
        return _decoded(cls, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripFact:
    """The state of a vehicle's trip from ``at_ms`` on; each fact replaces the one before it.

    ``tunnel_forbidden`` are the categories the load may not enter, "" for none; ``loaded`` says whether goods or their residue
    are aboard. ``route`` is the planned line; ``event`` (LOADED, DEPARTED, AMENDED, ARRIVED, UNLOADED, ENDED,
    SUCCEEDED, VOIDED) says what made the fact.
    ``passes`` are the vehicle's while the trip is in force, which detection adds from its ``PassFact``; ``purposes`` what the trip
    is for, where a ban may leave it alone.
    """

    vehicle: int
    at_ms: int
    waybill_id: str = ""
    carrier_id: str = ""
    division: str = ""
    under_way: bool = False
    loaded: bool = False
    tunnel_forbidden: str = ""
    goods: tuple[Goods, ...] = ()
    route: tuple[Point, ...] = ()
    driver_id: str = ""
    second_driver_id: str = ""
    sites: tuple[Site, ...] = ()
    event: str = ""
    passes: tuple[Pass, ...] = ()
    purposes: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Loaded, and not yet on its way: zones and neighbours are no matter before it leaves."""
        return self.event == "LOADED"

    def __post_init__(self) -> None:
        object.__setattr__(self, "route", routes.shared(self.route))
        if any(category not in CATEGORIES for category in self.tunnel_forbidden):
            raise ValueError("tunnel categories are A to E")

    def encode(self) -> bytes:
        """The same bytes for the same fact: JSON with sorted keys, without spaces; lines as differences."""
        plain = {
            "v": 1, "vehicle": self.vehicle, "at": self.at_ms, "waybill": self.waybill_id, "carrier": self.carrier_id,
            "division": self.division, "under_way": self.under_way, "loaded": self.loaded,
            "forbidden": self.tunnel_forbidden, "route": routes.steps_of(self.route), "driver": self.driver_id,
            "second_driver": self.second_driver_id, "event": self.event,
            "goods": [line.to_plain() for line in self.goods],
            "sites": [[s.latitude_e7, s.longitude_e7, s.radius_m, s.site_id, s.purpose] for s in self.sites],
            "passes": _plain_passes(self.passes), "purposes": list(self.purposes),
        }  # fmt: skip
        return _dumps(plain)

    @classmethod
    def decode(cls, body: bytes) -> TripFact:
        """What ``encode`` wrote; ``ValueError`` for anything else."""
        return _decoded(cls, body)


Fact = TripFact | PassFact
Kind = TypeVar("Kind", TripFact, PassFact)


def decode(body: bytes) -> Fact:
    """What ``encode`` of either fact wrote; ``ValueError`` for anything else."""
    try:
        plain = json.loads(body)
        if plain["v"] != 1:
            raise ValueError("unknown format of a fact")
        if "passes_of" in plain:
            return PassFact(vehicle=plain["passes_of"], at_ms=plain["at"], passes=_passes(plain["passes"]))
        return _trip(plain)
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError("not an encoded fact") from problem


def _decoded(kind: type[Kind], body: bytes) -> Kind:
    fact = decode(body)
    if not isinstance(fact, kind):
        raise ValueError("a fact of another kind")
    return fact


def _dumps(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain_passes(passes: tuple[Pass, ...]) -> list[list[Any]]:
    return [
        [each.id, list(each.zone_ids), list(each.un_numbers), [list(span) for span in each.spans]] for each in passes
    ]


def _passes(plain: list[list[Any]]) -> tuple[Pass, ...]:
    return tuple(
        Pass(ident, tuple(zone_ids), tuple(un_numbers), tuple((begin, end) for begin, end in spans))
        for ident, zone_ids, un_numbers, spans in plain
    )


def _trip(plain: dict[str, Any]) -> TripFact:
    return TripFact(
        vehicle=plain["vehicle"],
        at_ms=plain["at"],
        waybill_id=plain["waybill"],
        carrier_id=intern(plain["carrier"]),
        division=intern(plain["division"]),
        under_way=plain["under_way"],
        loaded=plain["loaded"],
        tunnel_forbidden=intern(plain["forbidden"]),
        goods=_shared(tuple(Goods.from_plain(line) for line in plain["goods"])),
        route=routes.of_steps(plain["route"]),
        driver_id=plain["driver"],
        second_driver_id=plain["second_driver"],
        sites=tuple(Site(*site) for site in plain["sites"]),
        event=intern(plain["event"]),
        passes=_passes(plain["passes"]),
        purposes=tuple(plain.get("purposes", ())),
    )


@lru_cache(4_096)
def _shared(goods: tuple[Goods, ...]) -> tuple[Goods, ...]:
    """The same object for the same goods: of a nation's trips many are alike, and each is remembered for as long as it lasts."""
    return goods
