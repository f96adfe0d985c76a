"""Administrative boundaries from a map, kept once and asked for by everybody."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from services import zones
from services.zones.cli import region_app
from services.zones.divisions import import_divisions
from services.zones.divisions_store import known
from tests.maps import InventedMap, position
from tests.world import World


def boundaries(side: int = 1_000) -> InventedMap:
    """A county in the corner of a prefecture of the invented province 99."""
    drawn = InventedMap()
    drawn.square(1, 0, 0, 10_000)
    drawn.square(2, 0, 0, side)
    common = {"type": "boundary", "boundary": "administrative"}
    drawn.relation(1, [("way", 1, "outer")], name="示例市", ref__admin__CN__mca="990100", **common)
    drawn.relation(2, [("way", 2, "outer")], name="示例县", division_code="990102", **common)
    drawn.relation(3, [("way", 2, "outer")], name="无代码乡", **common)
    return drawn


def test_a_position_is_in_the_divisions_last_drawn_around_it_and_unknown_elsewhere(
    world: World, tmp_path: Path
) -> None:
    engine, at = world.host.engine, world.clock.now()
    with engine.connect() as connection:
        assert zones.division_at(connection, position((500, 500))) == ""
    first = import_divisions(engine, boundaries().write(tmp_path / "city.osm"), at)
    assert (first.divisions, first.changed, sum(first.skipped.values())) == (2, 2, 1)
    with engine.connect() as connection:
        assert zones.divisions_at(connection, position((500, 500))) == ("990102", "990100")
        assert zones.divisions_at_all(connection, [position((2_000, 500)), position((-1, 0))]) == [("990100",), ()]
        shape = known(connection)["990102"].shape
        assert shape.contains(position((1_000, 1_000)))
    assert import_divisions(engine, tmp_path / "city.osm", at).changed == 0
    assert import_divisions(engine, boundaries(side=3_000).write(tmp_path / "newer.osm"), at).changed == 1
    with engine.connect() as connection:
        assert zones.division_at(connection, position((2_000, 500))) == "990102"


def test_boundaries_come_in_by_the_terminal_and_a_file_that_is_no_map_is_refused(world: World, tmp_path: Path) -> None:
    settings = world.host.settings
    environment = {
        "HAZWAY_HOME": str(settings.home),
        "HAZWAY_DATABASE_URL": str(settings.database_url),
        "HAZWAY_REDIS_URL": str(settings.redis_url),
    }
    terminal = CliRunner(env=environment)
    shown = terminal.invoke(region_app, ["divisions", str(boundaries().write(tmp_path / "city.osm")), "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["changed"] == 2
    assert terminal.invoke(region_app, ["divisions", str(tmp_path / "none.osm")]).exit_code == 2
