"""Vehicles by number: the small integers that fixes carry, and the shard each belongs to for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sys import intern

from sqlalchemy import Connection, text

from services.monitoring.log_store import shard_of


@dataclass(frozen=True, slots=True)
class Vehicle:
    number: int
    vehicle_id: str
    shard: int
    carrier_id: str
    division: str  # where it is registered
    seen_in: str  # where it was seen last, as far as is known


def ensure(connection: Connection, carrier_id: str, divisions: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """(number, shard) of each of the carrier's vehicles, numbered where they were not; owner and division kept up to date."""
    ids = sorted(divisions)
    rows = connection.execute(
        text(
            "INSERT INTO monitoring_vehicles AS v (vehicle_id, shard, carrier_id, division)"
            " SELECT id, shard, :carrier_id, division FROM unnest(CAST(:ids AS text[]), CAST(:shards AS smallint[]),"
            "  CAST(:divisions AS text[])) AS g (id, shard, division)"
            " ON CONFLICT (vehicle_id) DO UPDATE SET carrier_id = EXCLUDED.carrier_id, division = EXCLUDED.division"
            " RETURNING vehicle_id, number, shard"
        ),
        {
            "carrier_id": carrier_id,
            "ids": ids,
            "shards": [shard_of(vehicle_id) for vehicle_id in ids],
            "divisions": [divisions[vehicle_id] for vehicle_id in ids],
        },
    )
    return {row.vehicle_id: (row.number, row.shard) for row in rows}


def known(connection: Connection, carrier_id: str) -> dict[str, tuple[int, int, str]]:
    """(number, shard, division) of the vehicles already numbered for the carrier."""
    rows = connection.execute(
        text("SELECT vehicle_id, number, shard, division FROM monitoring_vehicles WHERE carrier_id = :carrier_id"),
        {"carrier_id": carrier_id},
    )
    return {row.vehicle_id: (row.number, row.shard, row.division) for row in rows}


def by_number(connection: Connection, numbers: Iterable[int]) -> dict[int, Vehicle]:
    rows = connection.execute(
        text(
            "SELECT number, vehicle_id, shard, carrier_id, division, seen_in FROM monitoring_vehicles WHERE number = ANY(:numbers)"
        ),
        {"numbers": list(numbers)},
    )
    return {
        row.number: Vehicle(
            row.number, row.vehicle_id, row.shard, intern(row.carrier_id), intern(row.division), intern(row.seen_in)
        )  # whoever asks keeps them, perhaps a nation's
        for row in rows
    }


def find(connection: Connection, vehicle_id: str) -> Vehicle | None:
    row = connection.execute(
        text(
            "SELECT number, vehicle_id, shard, carrier_id, division, seen_in FROM monitoring_vehicles WHERE vehicle_id = :id"
        ),
        {"id": vehicle_id},
    ).first()
    return None if row is None else Vehicle(*row)


def of_shard(connection: Connection, shard: int) -> list[int]:
    """The numbers of the shard's vehicles, in order."""
    query = text("SELECT number FROM monitoring_vehicles WHERE shard = :shard ORDER BY number")
    return list(connection.execute(query, {"shard": shard}).scalars())


def of_carrier(connection: Connection, carrier_id: str) -> dict[int, str]:
    """number -> vehicle id of the carrier's vehicles."""
    rows = connection.execute(
        text("SELECT number, vehicle_id FROM monitoring_vehicles WHERE carrier_id = :carrier_id"),
        {"carrier_id": carrier_id},
    )
    return {row.number: row.vehicle_id for row in rows}


def of_division(connection: Connection, prefix: str) -> dict[int, str]:
    """number -> vehicle id of the vehicles registered, or seen last, in divisions that begin with ``prefix``."""
    rows = connection.execute(
        text(
            "SELECT number, vehicle_id FROM monitoring_vehicles"
            " WHERE starts_with(division, :prefix) OR starts_with(seen_in, :prefix)"
        ),
        {"prefix": prefix},
    )
    return {row.number: row.vehicle_id for row in rows}


def put_seen_in(connection: Connection, divisions: Mapping[int, str]) -> None:
    """Where these vehicles, by number, are now."""
    if divisions:
        connection.execute(
            text(
                "UPDATE monitoring_vehicles SET seen_in = division_now"
                " FROM unnest(CAST(:numbers AS int[]), CAST(:divisions AS text[])) AS n (of_number, division_now)"
                " WHERE number = of_number"
            ),
            {"numbers": list(divisions), "divisions": list(divisions.values())},
        )
