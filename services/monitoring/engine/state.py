"""All vehicles of one shard: what detection must remember between entries, as a compact blob too."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from geo.position import Position
from geo.sides import Doubt
from geo.transit import TransitState
from services.monitoring.engine.columns import Columns
from services.monitoring.engine.corridor import Corridors
from services.monitoring.engine.judge import NO_LOAD, Load, load_of
from services.monitoring.engine.open_alarms import OpenAlarms
from services.monitoring.engine.plain import alarm_from_plain, alarm_to_plain
from services.monitoring.engine.planned import Line, Lines
from services.monitoring.engine.under_way import Trips
from services.monitoring.engine.visits import Visit
from services.monitoring.facts import Fact, PassFact, TripFact, decode
from services.monitoring.model import Activation

Int64s = npt.NDArray[np.int64]

_FORMAT = 10
_HEAD = struct.Struct("<BIQ")
_MOST_BYTES = 1 << 30

_KINDS: dict[str, tuple[npt.DTypeLike, int]] = {
    # the newest fix of all, and whether it had a position
    "heard_ms": (np.int64, -1), "heard_engine": (np.bool_, 0), "silent": (np.bool_, 0),
    # the newest believable position
    "good_ms": (np.int64, -1), "good_latitude": (np.int32, 0), "good_longitude": (np.int32, 0),
    "good_speed": (np.int32, 0), "good_heading": (np.int32, 0), "good_odometer": (np.int64, 0),
    "unheard_ms": (np.int64, 0),  # the longest time nothing was heard since then
    # a position that does not fit the one before
    "odd_ms": (np.int64, -1), "odd_latitude": (np.int32, 0), "odd_longitude": (np.int32, 0),
    "odd_raised_ms": (np.int64, -1),
    # the trip in force, in short
    "trip_ms": (np.int64, -1), "known": (np.bool_, 0), "under_way": (np.bool_, 0), "loaded": (np.bool_, 0),
    "double_crew": (np.bool_, 0),
    "forbidden": (np.int32, 0), "routed": (np.bool_, 0),
    "above_ms": (np.int64, -1),  # when it last was too fast
    "look_ms": (np.int64, -1),  # when the way ahead is to be looked at again, for hours of a zone on it begin
    # driving without a rest, and in the legal day
    "moving_ms": (np.int64, -1), "moving_latitude": (np.int32, 0), "moving_longitude": (np.int32, 0),
    "driving_since": (np.int64, -1), "piece_since": (np.int64, -1), "day_driven": (np.int32, 0),
    # where a stop began, and whether it has been told or found to be in order; fixes in a row off the planned route
    "stop_told": (np.bool_, 0), "stop_latitude": (np.int32, 0), "stop_longitude": (np.int32, 0), "away_fixes": (np.int32, 0), "away_since": (np.int64, -1),
    "over_peak": (np.int64, 0),  # the highest speed while too fast
}  # fmt: skip
RUNS = ("over", "frozen", "blind", "nobill", "stop", "park")
for _name in RUNS:
    _KINDS |= {
        f"{_name}_since": (np.int64, -1), f"{_name}_last": (np.int64, -1),
        f"{_name}_open": (np.bool_, 0), f"{_name}_sum": (np.int32, 0),
    }  # fmt: skip

Value = TypeVar("Value")


class ShardState:
    """Mutable; only ``engine.step`` and ``engine.late`` change it. Slots number the vehicles in the order they were first met."""

    def __init__(self) -> None:
        self.columns = Columns(_KINDS)
        self.vehicle = np.empty(0, dtype=np.int64)  # by slot
        self._order = np.empty(0, dtype=np.int64)  # slots in order of vehicle
        self._sorted = np.empty(0, dtype=np.int64)
        self.tick_ms = -1
        self.activation = Activation()
        self.trips = Trips()
        self.passes: dict[int, PassFact] = {}
        self.pending: dict[int, list[Fact]] = {}
        self.open = OpenAlarms()
        self.transits: dict[int, dict[str, TransitState]] = {}
        self.held: dict[int, dict[str, int]] = {}  # pre-alarms held back while the vehicle keeps to its plan
        self.visits: dict[int, dict[str, Visit]] = {}
        self.doubts: dict[int, dict[str, Doubt]] = {}  # zones that may have been entered, or left
        # what follows from the trips: planned lines, corridors round those under way, and each slot's load by number
        self.lines = Lines()
        self.corridors = Corridors()
        self.loads: list[Load] = [NO_LOAD]
        self._load_numbers: dict[Load, int] = {NO_LOAD: 0}
        self.load_number = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.vehicle)

    def slots(self, vehicles: Int64s) -> Int64s:
        """The slot of each vehicle; unknown ones get the next free slots in order of vehicle number."""
        place = np.searchsorted(self._sorted, vehicles)
        inner = np.minimum(place, len(self._sorted) - 1)
        unknown = vehicles != self._sorted[inner] if len(self._sorted) else np.ones(len(vehicles), dtype=bool)
        if unknown.any():
            self._number(np.append(self.vehicle, np.unique(vehicles[unknown])))
            place = np.searchsorted(self._sorted, vehicles)
        return self._order[place]

    def _number(self, vehicle: Int64s) -> None:
        """Take over the vehicles by slot; old ones keep theirs."""
        new = len(vehicle) - len(self.vehicle)
        self.columns.extend(new)
        self.load_number = np.append(self.load_number, np.zeros(new, dtype=np.int64))
        self.vehicle = vehicle
        self._order = np.argsort(vehicle, kind="stable")  # almost in order already, which is quick
        self._sorted = vehicle[self._order]

    def slot(self, vehicle: int) -> int:
        found = self.find_slot(vehicle)
        if found is None:
            found = len(self.vehicle)
            self._number(np.append(self.vehicle, vehicle))
        return found

    def find_slot(self, vehicle: int) -> int | None:
        place = int(np.searchsorted(self._sorted, vehicle))
        if place == len(self._sorted) or self._sorted[place] != vehicle:
            return None
        return int(self._order[place])

    def position(self, slot: int) -> Position | None:
        """The newest believable position."""
        if self.columns["good_ms"][slot] < 0:
            return None
        return Position(int(self.columns["good_latitude"][slot]), int(self.columns["good_longitude"][slot]))

    def follow_trip(self, slot: int) -> None:
        """Make line, corridor and load those of the trip in force."""
        trip = self.trips.get(slot)
        load = load_of(trip)
        if load not in self._load_numbers:
            self._load_numbers[load] = len(self.loads)
            self.loads.append(load)
        self.load_number[slot] = self._load_numbers[load]
        is_planned = trip is not None and len(trip.route) > 1
        if trip is not None and is_planned and (trip.under_way or trip.waits):
            self.lines.lay(slot, Line.of(trip.route))
        else:
            self.lines.drop(slot)
        if trip is not None and is_planned and trip.under_way:
            self.corridors.lay(slot, trip.route)
        else:
            self.corridors.drop(slot)

    def forget(self, slot: int) -> None:
        """Back to a vehicle nothing is known of."""
        self.columns.reset(slot)
        for mapping in (
            self.trips, self.passes, self.pending, self.transits, self.held, self.visits, self.doubts,
        ):  # fmt: skip
            mapping.pop(slot, None)
        self.follow_trip(slot)
        for key in list(self.open.of(slot)):
            del self.open[key]

    def adopt(self, slot: int, other: ShardState, other_slot: int) -> None:
        """Put what another state knows of a vehicle in place of what is known here."""
        self.forget(slot)
        self.columns.copy_row(slot, other.columns, other_slot)
        for mine, theirs in self.known_of(other):
            if other_slot in theirs:
                mine[slot] = theirs[other_slot]
        self.follow_trip(slot)
        self.open.update({(slot, *key[1:]): alarm for key, alarm in other.open.of(other_slot).items()})

    def known_of(self, other: ShardState) -> Iterable[tuple[MutableMapping[int, Any], MutableMapping[int, Any]]]:
        """By slot, what is kept of each vehicle beside columns and open alarms: here, and in another state."""
        for name in ("trips", "passes", "pending", "transits", "held", "visits", "doubts"):
            yield getattr(self, name), getattr(other, name)

    def snapshot(self) -> bytes:
        """The same bytes for the same state, however its entries were cut into batches."""
        rank = np.argsort(self._order).tolist()
        sparse = {
            "tick": self.tick_ms,
            "zones": [self.activation.change, self.activation.at_ms, *self.activation.regions],
            "trips": {slot: _text(fact.encode()) for slot, fact in _ranked(self.trips, rank)},
            "passes": {slot: _text(fact.encode()) for slot, fact in _ranked(self.passes, rank)},
            "pending": {slot: [_text(fact.encode()) for fact in facts] for slot, facts in _ranked(self.pending, rank)},
            "open": sorted(([rank[slot], *key], alarm_to_plain(alarm)) for (slot, *key), alarm in self.open.items()),
            "transits": {
                slot: {key: state.to_plain() for key, state in sorted(states.items())}
                for slot, states in _ranked(self.transits, rank)
            },
            "held": {slot: dict(sorted(held.items())) for slot, held in _ranked(self.held, rank)},
            "visits": {
                slot: {zone: visit.to_plain() for zone, visit in sorted(visits.items())}
                for slot, visits in _ranked(self.visits, rank)
            },
            "doubts": {
                slot: {zone: doubt.to_plain() for zone, doubt in sorted(doubts.items())}
                for slot, doubts in _ranked(self.doubts, rank)
            },
        }
        body = json.dumps(sparse, separators=(",", ":")).encode()
        arrays = self.vehicle[self._order].astype("<i8").tobytes() + self.columns.to_bytes(self._order)
        return _HEAD.pack(_FORMAT, len(self.vehicle), len(body)) + zlib.compress(body + arrays, 3)

    @classmethod
    def restore(cls, blob: bytes) -> ShardState:
        """What ``snapshot`` wrote; ``ValueError`` for anything else, also for what an older or newer version wrote."""
        try:
            version, count, length = _HEAD.unpack_from(blob)
            if version != _FORMAT:
                raise ValueError(f"snapshot format {version}, expected {_FORMAT}")
            expander = zlib.decompressobj()
            raw = expander.decompress(blob[_HEAD.size :], _MOST_BYTES)
            if expander.unused_data or not expander.eof:
                raise ValueError("a snapshot cut short, or too long")
            return cls._restored(count, json.loads(raw[:length]), raw[length:])
        except (
            struct.error,
            zlib.error,
            KeyError,
            TypeError,
            IndexError,
            AttributeError,
            json.JSONDecodeError,
        ) as problem:
            raise ValueError("not a snapshot") from problem

    @classmethod
    def _restored(cls, count: int, sparse: dict[str, Any], arrays: bytes) -> ShardState:
        state = cls()
        state._number(np.frombuffer(arrays, dtype="<i8", count=count).astype(np.int64))
        state.columns.load(count, arrays[8 * count :])
        state.tick_ms = sparse["tick"]
        change, at_ms, *regions = sparse["zones"]
        state.activation = Activation(change, at_ms, tuple(regions))
        state.trips.update((int(slot), TripFact.decode(_bytes(body))) for slot, body in sparse["trips"].items())
        state.passes = {int(slot): PassFact.decode(_bytes(body)) for slot, body in sparse["passes"].items()}
        for slot in state.trips:
            state.follow_trip(slot)
        state.pending = {
            int(slot): [decode(_bytes(body)) for body in facts] for slot, facts in sparse["pending"].items()
        }
        for (slot, kind, cause), plain in sparse["open"]:
            state.open[(slot, kind, cause)] = alarm_from_plain(plain)
        for slot, states in sparse["transits"].items():
            state.transits[int(slot)] = {key: TransitState.from_plain(plain) for key, plain in states.items()}
        state.held = {int(slot): held for slot, held in sparse["held"].items()}
        for slot, visits in sparse["visits"].items():
            state.visits[int(slot)] = {zone: Visit.from_plain(plain) for zone, plain in visits.items()}
        for slot, doubts in sparse["doubts"].items():
            state.doubts[int(slot)] = {zone: Doubt(*plain) for zone, plain in doubts.items()}
        return state


def _ranked(mapping: Mapping[int, Value], rank: list[int]) -> list[tuple[int, Value]]:
    """The entries by rank of their vehicle instead of by slot."""
    return sorted(((rank[slot], value) for slot, value in mapping.items()), key=lambda entry: entry[0])


def _text(body: bytes) -> str:
    return body.decode()  # facts are JSON, and much alike: pressed together they take less room than one by one


def _bytes(text: str) -> bytes:
    return text.encode()
