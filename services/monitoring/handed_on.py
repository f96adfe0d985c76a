"""What the first stage hands on: where laden vehicles stood and who drove how long, with an entry in the log of the second stage
that is to look at it. All of it goes with the cursor of the vehicle's shard."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

from geo.cells import parent
from geo.position import Position
from hazway import cbor
from services.monitoring import log_store
from services.monitoring.engine.parking import Stand
from services.monitoring.facts import Goods
from services.monitoring.log_store import PERSON_SHARDS, PLACE_SHARDS, Entry, Kind
from services.monitoring.model import Driven, Effect, Parked

_PLACE_RESOLUTION = 6  # some six kilometres across: neighbours are mostly looked at by the same worker


def keep(connection: Connection, effects: Iterable[Effect]) -> bool:
    """Take over what effects of first stages say of stands and driving, in order; whether there is something to look at."""
    stands, gone, driven = _folded(effects)
    changed = _close(connection, gone)
    _put_stands(connection, stands)
    _put_driven(connection, driven)
    return _ask(connection, [*stands, *changed], driven)


def replace(connection: Connection, vehicle: int, effects: Iterable[Effect], *, begin_ms: int, from_ms: int) -> bool:
    """Put what a vehicle did since ``begin_ms``, judged anew, in the place of what was known of it from ``from_ms`` on."""
    stands, _, driven = _folded(effects)
    old_stands, old_driven = _take_stands(connection, vehicle, from_ms), _take_driven(connection, vehicle, from_ms)
    begun = [old for old in old_stands if old.since_ms < begin_ms]
    if begun and stands:  # it stood when the history begins, which cannot tell since when
        stands[0] = dataclasses.replace(stands[0], since_ms=begun[0].since_ms)
    first_ms = min((old.since_ms for old in old_stands), default=from_ms)
    stands = [one for one in stands if one.until_ms is None or one.until_ms >= min(first_ms, from_ms)]
    first_ms = min((old.start_ms for old in old_driven), default=from_ms)
    driven = [one for one in driven if one.end_ms >= min(first_ms, from_ms)]
    _put_stands(connection, stands)
    _put_driven(connection, driven)
    return _ask(connection, set(stands) ^ set(old_stands), set(driven) ^ set(old_driven))


def stands_of(connection: Connection, asked: Mapping[int, int]) -> list[Stand]:
    """The stands of these vehicles, each one's that have not ended before some instant."""
    rows = connection.execute(
        text(
            f"SELECT {_STAND} FROM monitoring_stands JOIN unnest(CAST(:vehicles AS int[]), CAST(:froms AS bigint[]))"
            " AS a (vehicle, from_ms) USING (vehicle) WHERE until_ms IS NULL OR until_ms >= from_ms ORDER BY vehicle, since_ms"
        ),
        {"vehicles": list(asked), "froms": list(asked.values())},
    )
    return [_stand(row) for row in rows]


def stands_in(connection: Connection, cells: Collection[int], from_ms: int) -> list[Stand]:
    """The stands in these cells that have not ended before then."""
    rows = connection.execute(
        text(
            f"SELECT {_STAND} FROM monitoring_stands WHERE cell = ANY(CAST(:cells AS bigint[]))"
            " AND (until_ms IS NULL OR until_ms >= :from_ms) ORDER BY vehicle, since_ms"
        ),
        {"cells": list(cells), "from_ms": from_ms},
    )
    return [_stand(row) for row in rows]


def driven_by(connection: Connection, persons: Collection[str], from_ms: int) -> list[Driven]:
    """What these persons drove, but for what had ended before then."""
    rows = connection.execute(
        text(
            f"SELECT {_DRIVEN} FROM monitoring_driven WHERE person_id = ANY(:persons) AND end_ms >= :from_ms"
            " ORDER BY person_id, start_ms, vehicle"
        ),
        {"persons": list(persons), "from_ms": from_ms},
    )
    return [Driven(*row) for row in rows]


def forget(connection: Connection, before_ms: int) -> None:
    """Let go of what ended before then."""
    connection.execute(text("DELETE FROM monitoring_stands WHERE until_ms < :before"), {"before": before_ms})
    connection.execute(text("DELETE FROM monitoring_driven WHERE end_ms < :before"), {"before": before_ms})


def _folded(effects: Iterable[Effect]) -> tuple[list[Stand], dict[int, int], list[Driven]]:
    """The stands that began and how they ended, when stands from before ended, and the driving as known last."""
    stands: dict[tuple[int, int], Stand] = {}
    standing: dict[int, Stand] = {}
    gone: dict[int, int] = {}
    driven: dict[tuple[int, int], Driven] = {}
    for effect in effects:
        if isinstance(effect, Driven):
            driven[effect.vehicle, effect.start_ms] = effect
        elif isinstance(effect, Parked) and effect.goods:
            stand = Stand(
                effect.vehicle, effect.at_ms, None, effect.cell, effect.position, effect.goods,
                effect.waybill_id, effect.carrier_id,
            )  # fmt: skip
            standing[stand.vehicle] = stands[stand.vehicle, stand.since_ms] = stand
        elif isinstance(effect, Parked) and effect.vehicle in standing:
            stand = standing.pop(effect.vehicle)
            stands[stand.vehicle, stand.since_ms] = dataclasses.replace(stand, until_ms=effect.at_ms)
        elif isinstance(effect, Parked):
            gone[effect.vehicle] = effect.at_ms
    return list(stands.values()), gone, list(driven.values())


def _ask(connection: Connection, stands: Iterable[Stand], driven: Iterable[Driven]) -> bool:
    """Let the second stages look at what is new of these: each vehicle in a place, each person once, from the earliest moment."""
    places: dict[tuple[int, int], int] = {}
    for stand in stands:
        key = _shard(PLACE_SHARDS, str(parent(stand.cell, _PLACE_RESOLUTION))), stand.vehicle
        places[key] = min(stand.since_ms, places.get(key, stand.since_ms))
    persons: dict[str, int] = {}
    for piece in driven:
        persons[piece.person_id] = min(piece.since_ms, persons.get(piece.person_id, piece.since_ms))
    entries = [
        *(Entry(shard, Kind.STOOD, cbor.dumps([vehicle, from_ms])) for (shard, vehicle), from_ms in places.items()),
        *(
            Entry(_shard(PERSON_SHARDS, person_id), Kind.DROVE, cbor.dumps([person_id, from_ms]))
            for person_id, from_ms in persons.items()
        ),
    ]
    if entries:
        log_store.append(connection, entries)
    return bool(entries)


def _shard(shards: range, key: str) -> int:
    return shards[zlib.crc32(key.encode()) % len(shards)]


_STAND = "vehicle, since_ms, until_ms, cell, latitude_e7, longitude_e7, goods, waybill_id, carrier_id"
_DRIVEN = "person_id, vehicle, since_ms, start_ms, end_ms, in_day_ms, is_over"


def _put_stands(connection: Connection, stands: Collection[Stand]) -> None:
    if not stands:
        return
    connection.execute(
        text(
            f"INSERT INTO monitoring_stands ({_STAND}) SELECT * FROM unnest(CAST(:vehicles AS int[]),"
            " CAST(:since AS bigint[]), CAST(:until AS bigint[]), CAST(:cells AS bigint[]), CAST(:latitudes AS int[]),"
            " CAST(:longitudes AS int[]), CAST(:goods AS jsonb[]), CAST(:waybills AS text[]), CAST(:carriers AS text[]))"
            " ON CONFLICT (vehicle, since_ms) DO UPDATE SET until_ms = EXCLUDED.until_ms, cell = EXCLUDED.cell,"
            " latitude_e7 = EXCLUDED.latitude_e7, longitude_e7 = EXCLUDED.longitude_e7, goods = EXCLUDED.goods,"
            " waybill_id = EXCLUDED.waybill_id, carrier_id = EXCLUDED.carrier_id"
        ),
        {
            "vehicles": [one.vehicle for one in stands],
            "since": [one.since_ms for one in stands],
            "until": [one.until_ms for one in stands],
            "cells": [one.cell for one in stands],
            "latitudes": [one.position.latitude_e7 for one in stands],
            "longitudes": [one.position.longitude_e7 for one in stands],
            "goods": [json.dumps([line.to_plain() for line in one.goods]) for one in stands],
            "waybills": [one.waybill_id for one in stands],
            "carriers": [one.carrier_id for one in stands],
        },
    )


def _close(connection: Connection, gone: Mapping[int, int]) -> list[Stand]:
    """The stands that have ended by that, as they were."""
    if not gone:
        return []
    rows = connection.execute(
        text(
            "UPDATE monitoring_stands SET until_ms = g.at_ms FROM unnest(CAST(:vehicles AS int[]), CAST(:ats AS bigint[]))"
            " AS g (gone, at_ms) WHERE vehicle = gone AND until_ms IS NULL RETURNING " + _STAND
        ),
        {"vehicles": list(gone), "ats": list(gone.values())},
    )
    return [_stand(row) for row in rows]


def _put_driven(connection: Connection, driven: Collection[Driven]) -> None:
    if not driven:
        return
    connection.execute(
        text(
            f"INSERT INTO monitoring_driven ({_DRIVEN}) SELECT * FROM unnest(CAST(:persons AS text[]), CAST(:vehicles AS int[]),"
            " CAST(:sinces AS bigint[]), CAST(:starts AS bigint[]), CAST(:ends AS bigint[]), CAST(:in_day AS bigint[]),"
            " CAST(:over AS bool[])) ON CONFLICT (vehicle, start_ms) DO UPDATE SET person_id = EXCLUDED.person_id,"
            " since_ms = EXCLUDED.since_ms, end_ms = EXCLUDED.end_ms, in_day_ms = EXCLUDED.in_day_ms, is_over = EXCLUDED.is_over"
        ),
        {
            "persons": [one.person_id for one in driven],
            "vehicles": [one.vehicle for one in driven],
            "sinces": [one.since_ms for one in driven],
            "starts": [one.start_ms for one in driven],
            "ends": [one.end_ms for one in driven],
            "in_day": [one.in_day_ms for one in driven],
            "over": [one.is_over for one in driven],
        },
    )


def _take_stands(connection: Connection, vehicle: int, from_ms: int) -> list[Stand]:
    """Those that have not ended before then; they are there no more."""
    rows = connection.execute(
        text(
            "DELETE FROM monitoring_stands WHERE vehicle = :vehicle AND (until_ms IS NULL OR until_ms >= :from_ms)"
            f" RETURNING {_STAND}"
        ),
        {"vehicle": vehicle, "from_ms": from_ms},
    )
    return sorted((_stand(row) for row in rows), key=lambda one: one.since_ms)


def _take_driven(connection: Connection, vehicle: int, from_ms: int) -> list[Driven]:
    rows = connection.execute(
        text(f"DELETE FROM monitoring_driven WHERE vehicle = :vehicle AND end_ms >= :from_ms RETURNING {_DRIVEN}"),
        {"vehicle": vehicle, "from_ms": from_ms},
    )
    return [Driven(*row) for row in rows]


def _stand(row: Row[Any]) -> Stand:
    goods = tuple(Goods.from_plain(line) for line in row.goods)
    return Stand(
        row.vehicle, row.since_ms, row.until_ms, row.cell, Position(row.latitude_e7, row.longitude_e7), goods,
        row.waybill_id, row.carrier_id,
    )  # fmt: skip
