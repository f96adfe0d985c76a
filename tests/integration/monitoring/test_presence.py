"""A vehicle is the business of whoever's division it is in: told on change alone, and never by a receiver that jumps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from geo.divisions import Division
from geo.position import Position
from geo.shapes import MultiPolygon
from hazway.refusals import Refused
from services.zones import divisions_store
from tests.cast import POLICE
from tests.integration.monitoring.road_house import M_E7, PLACE, House, a_fix, drive
from tests.integration.monitoring.test_workers import expire_leases


def draw(house: House, code: str, south_m: int, north_m: int) -> None:
    """A division from so many metres south to north of the place all tests begin at, ten kilometres either side."""
    corners = [(south_m, -10_000), (north_m, -10_000), (north_m, 10_000), (south_m, 10_000)]
    ring = tuple(Position(PLACE[0] + up * M_E7, PLACE[1] + across * M_E7) for up, across in corners)
    shape = MultiPolygon.of(((*ring, ring[0]),))
    with house.world.host.engine.begin() as connection:
        divisions_store.add(connection, Division(code, code, shape), map_name="drawn", at=house.now)


def presences(house: House) -> dict[str, int]:
    with house.world.host.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT division_code, last_at FROM registry_presences WHERE vehicle_id = 'lorry1' ORDER BY last_at")
        )
        return {row.division_code: int(row.last_at.timestamp()) for row in rows}


def test_a_vehicle_becomes_the_business_of_the_division_it_enters(house: House) -> None:
    draw(house, "440307", -5_000, 5_000)
    draw(house, "440106", 5_000, 30_000)
    start = house.now - timedelta(minutes=60)
    told: list[str] = []

    def hear(_c: object, _u: object, statement: str, *_rest: object) -> None:
        told.extend([statement] if "registry_presences" in statement and "INSERT" in statement else [])

    with pytest.raises(Refused):
        house.recent("lorry1", by=POLICE)
    event.listen(house.world.host.engine, "before_cursor_execute", hear)
    for minute in range(0, 60, 5):
        house.rows(*drive(start + timedelta(minutes=minute), minutes=4.5, dkmh=100, north_m=minute * 166))
        house.world.settle(1)
    event.remove(house.world.host.engine, "before_cursor_execute", hear)
    assert len(told) == 2, "on change alone"
    seen = presences(house)
    assert list(seen) == ["440307", "440106"]
    entered = start.timestamp() + 5_000 * 36 / 100
    assert entered <= seen["440106"] <= entered + 600
    assert len(house.recent("lorry1", by=POLICE).time_ms_delta) > 100, "Guangzhou's police may look now"
    jump = a_fix(house.now - timedelta(seconds=20), north_m=-2_000)
    expire_leases(house)  # another worker, which knows no more than what is stored
    house.rows(jump)
    house.world.settle()
    assert presences(house) == seen, "a place nobody can have driven to is no presence"
