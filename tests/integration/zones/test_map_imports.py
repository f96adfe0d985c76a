"""Maps become proposals once: matched things keep their ids, vanished ones are closed, what somebody changed by hand stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from services import traceability, zones
from services.runtime.database import connect
from services.runtime.settings import read_settings
from services.traceability.genesis import begin
from services.zones import geojson, regions_store, stating, store
from services.zones.book import book_of
from services.zones.divisions import import_divisions
from services.zones.importing import Imported, import_region, import_zones
from services.zones.mapped import PlaceKind
from services.zones.merging import BY_HAND, VANISHED_KEPT, WITHDRAWN
from services.zones.model import Zone, ZoneKind
from services.zones.proposals import MAP_RULE
from services.zones.ruling import Action, Notice, Rule
from tests import province
from tests.maps import InventedMap, position

START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
NOTICE = Notice(issuer="示例县公安局", number="示公告〔2026〕1号")
BAN = Rule(id="ban", action=Action.FORBID, source=NOTICE)


class House:
    """A database with the operator's keys, and a clock that moves an hour with every act."""

    def __init__(self, engine: Engine, keeper: traceability.Keeper) -> None:
        self.engine, self.keeper, self.now = engine, keeper, START

    def take_in(self, drawn: InventedMap | Path, folder: Path, name: str = "county") -> Imported:
        file = drawn if isinstance(drawn, Path) else drawn.write(folder / f"map-{self.now:%d%H}.osm")
        self.now += timedelta(hours=1)
        return import_region(self.engine, self.keeper, file, self.now, name=name)

    def put(self, zone: Zone) -> None:
        self.now += timedelta(hours=1)
        import_zones(self.engine, self.keeper, [zone], self.now)

    def withdraw(self, zone_id: str) -> None:
        self.now += timedelta(hours=1)
        with self.engine.begin() as connection:
            known = store.find(connection, zone_id, self.now)
            assert known is not None
            store.queue_up(connection)
            store.append(connection, known.zone, box=known.area.box, valid_from=self.now, valid_to=None, now=self.now,
                         by="police", registered=None, withdrawn=True)  # fmt: skip

    def known(self) -> dict[str, Zone]:
        with self.engine.connect() as connection:
            return {each.zone.id: each.zone for each in book_of(connection).active(connection, self.now)}

    def version(self, zone_id: str) -> str:
        with self.engine.connect() as connection:
            found = store.newest(connection, zone_id)
            assert found is not None
            return found.version


@pytest.fixture
def house(tmp_path: Path, migrated_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("HAZWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HAZWAY_DATABASE_URL", migrated_database_url)
    settings = read_settings()
    engine, keeper = connect(migrated_database_url, pool=2), traceability.keeper_of(settings)
    begin(engine, keeper, START)
    yield House(engine, keeper)
    engine.dispose()


def test_an_import_that_is_interrupted_leaves_nothing_behind_and_the_next_one_all(house: House, tmp_path: Path) -> None:
    size = province.Size(lines=16, tunnels=40, bridges=150, places=900, multipolygons=20)
    file = province.write(tmp_path / "province.osm.pbf", size)
    told: list[tuple[str, int, int]] = []

    def interrupt(what: str, done: int, of: int) -> None:
        told.append((what, done, of))
        if done and what.startswith("登记区域"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_region(house.engine, house.keeper, file, house.now, told=interrupt)
    assert told[-1][1] == 500, "zones were stated already"
    with house.engine.connect() as connection:
        assert (store.last_change(connection), list(regions_store.regions(connection))) == (0, [])
        assert (
            connection.execute(
                text("SELECT count(*) FROM traceability_registrations WHERE subject LIKE 'zone/%'")
            ).scalar()
            == 0
        )
    whole = house.take_in(file, tmp_path, name="province")
    assert whole.fresh
    assert whole.changed == whole.merged.new == sum(whole.merged.found.values()) > 500
    again = house.take_in(file, tmp_path, name="province")
    assert (again.fresh, again.changed, again.merged.unchanged) == (False, 0, whole.changed)
    assert len(house.known()) == whole.changed


def test_whoever_writes_zones_meanwhile_waits_for_the_writing_alone_and_is_not_overwritten(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a newer map is compared, an operator renames one of its zones, withdraws another and draws some: at once, and to stay."""
    monkeypatch.setattr(stating, "AT_ONCE", 50)
    size = province.Size(lines=12, tunnels=40, bridges=60, places=80, multipolygons=20)
    house.take_in(province.write(tmp_path / "old.osm.pbf", size), tmp_path, name="province")
    renamed, withdrawn, *_ = sorted(house.known().values(), key=lambda zone: zone.id)
    since: dict[str, float] = {}

    def writing(what: str, done: int, _of: int) -> None:
        since.setdefault(what, time.monotonic())
        if not (done and what.startswith("比对")):
            return
        with house.engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            store.queue_up(connection)
            for zone in (
                replace(renamed, name="人工改名"),
                replace(renamed, id=f"drawn-{done}", map_source=None),
                withdrawn,
            ):
                store.append(connection, zone, box=zone.area().box, valid_from=house.now, valid_to=None, now=house.now,
                             by="police", registered=None, withdrawn=zone is withdrawn)  # fmt: skip

    newer = province.write(tmp_path / "newer.osm.pbf", size, seed=2)
    house.now += timedelta(hours=1)
    began = time.monotonic()
    found = import_region(house.engine, house.keeper, newer, house.now, name="province", told=writing)
    writes_s, whole_s = time.monotonic() - since["登记区域 zones kept"], time.monotonic() - began
    assert writes_s < whole_s / 2, (writes_s, whole_s)  # a tenth to a fifth was measured
    assert found.changed > 100
    known = house.known()
    assert known[renamed.id].name == "人工改名"
    assert withdrawn.id not in known
    assert f"drawn-{stating.AT_ONCE}" in known
    assert found.merged.kept[BY_HAND] + found.merged.kept[VANISHED_KEPT] >= 1
    with house.engine.connect() as connection:
        numbers = [each.number for each in store.changes_since(connection, 0, 100_000)]
    assert numbers == list(range(1, len(numbers) + 1)), "numbered in the order of commits, none left out"


def test_a_map_that_closes_one_tube_of_two_closes_that_one_alone(house: House, tmp_path: Path) -> None:
    drawn, road = InventedMap(), {"highway": "trunk", "name": "示例路", "oneway": "yes"}
    for number, (north, places, tags) in enumerate(
        ((0, (0, 500, 1_000, 1_500), {"hazmat": "no"}), (30, (1_500, 1_000, 500, 0), {}))
    ):
        for piece, (west, east) in enumerate(pairwise(places)):
            tunnel = {"tunnel": "yes", "maxheight": "4.2", "layer": "-1", **tags} if piece == 1 else {}
            drawn.way(10 * number + piece + 1, [(north, west), (north, east)], **road, **tunnel)
    house.take_in(drawn, tmp_path)
    (zone,) = [zone for zone in house.known().values() if zone.kind is ZoneKind.TUNNEL]
    assert zone.tunnel is not None
    assert len(zone.tunnel.bores) == 2
    (rule,) = zone.rules
    assert rule.bore_ids == {bore.id for bore in zone.tunnel.bores if bore.entrance == position((0, 500))}
    assert not zone.proposed
    assert {(tag.name, tag.value) for tag in zone.tags} >= {("maxheight", "4.2"), ("layer", "-1")}


def test_tubes_a_map_tells_apart_keep_their_own_category_and_what_an_authority_declared_stays(
    house: House, tmp_path: Path
) -> None:
    drawn, road = InventedMap(), {"highway": "trunk", "name": "示例路", "oneway": "yes"}
    for number, (north, places, tags) in enumerate(
        ((0, (0, 500, 1_000, 1_500), {"hazmat__D": "no"}), (30, (1_500, 1_000, 500, 0), {}))
    ):
        for piece, (west, east) in enumerate(pairwise(places)):
            tunnel = {"tunnel": "yes", "layer": "-1", **tags} if piece == 1 else {}
            drawn.way(10 * number + piece + 1, [(north, west), (north, east)], **road, **tunnel)
    house.take_in(drawn, tmp_path)
    (zone,) = [zone for zone in house.known().values() if zone.kind is ZoneKind.TUNNEL]
    assert zone.tunnel is not None
    first, second = sorted(zone.tunnel.bores, key=lambda bore: bore.entrance != position((0, 500)))
    assert (zone.tunnel.category, first.category, second.category, zone.proposed) == ("", "D", "", False)
    assert first.category_source is not None
    assert (first.category_source.number, first.category_source.title) == ("way/2", "hazmat:D=no")
    assert house.take_in(drawn, tmp_path).changed == 0
    by_hand = replace(
        zone.tunnel, bores=tuple(replace(bore, category="E" if bore == second else "") for bore in zone.tunnel.bores)
    )
    house.put(replace(zone, tunnel=by_hand, source=Notice(issuer="示例市交通运输局")))
    drawn.way(99, [(0, 1_500), (0, 2_500)], **road)
    house.take_in(drawn, tmp_path)
    again = house.known()[zone.id].tunnel
    assert again is not None
    assert {bore.id: bore.category for bore in again.bores} == {first.id: "", second.id: "E"}


def county() -> InventedMap:
    """A road with a bridge of 1.1 km, one of 100 m, a culvert and three tunnels, one closed to dangerous goods, one of category D; a lake, a water source
    with an island, a school drawn twice, a hospital as a point, places to stop."""
    drawn = InventedMap()
    road = {"highway": "trunk", "name": "示例路"}
    drawn.way(1, [(0, 0), (0, 500)], **road)
    drawn.way(
        2,
        [(0, 500), (0, 1_000), (0, 1_700)],
        bridge="viaduct",
        bridge__name="示例江特大桥",
        layer="1",
        maxweight="49",
        **road,
    )
    drawn.way(3, [(0, 1_700), (0, 2_000)], **road)
    drawn.way(4, [(0, 2_000), (0, 2_104)], bridge="yes", **road)
    drawn.way(5, [(0, 2_104), (0, 2_200)], **road)
    drawn.way(6, [(0, 2_200), (0, 2_206)], bridge="yes", **road)
    drawn.way(7, [(0, 2_206), (0, 3_000)], **road)
    drawn.way(8, [(0, 3_000), (0, 3_500)], tunnel="yes", hazmat="no", maxheight="4.5", **road)
    drawn.way(9, [(0, 3_500), (0, 4_000)], **road)
    drawn.way(10, [(0, 4_000), (0, 4_500)], tunnel="yes", **road)
    drawn.way(11, [(0, 4_500), (0, 5_000)], **road)
    drawn.way(12, [(0, 5_000), (0, 5_500)], tunnel="yes", hazmat__C="no", hazmat__D="no", **road)
    drawn.square(20, 500, 500, 200, natural="water", name="示例湖")
    drawn.square(21, 500, 800, 20, natural="water", name="小塘")
    drawn.square(22, 1_000, 0, 600)
    drawn.square(23, 1_200, 200, 100)
    drawn.relation(1, [("way", 22, "outer"), ("way", 23, "inner")], type="boundary", boundary="protected_area",
                   name="示例水库饮用水水源保护区", protect_class="12", access="no")  # fmt: skip
    drawn.square(24, 300, 1_500, 100, amenity="school", name="示例小学")
    drawn.node((350, 1_550), amenity="school", name="示例小学")
    drawn.node((300, 2_000), amenity="hospital", name="示例医院")
    drawn.node((310, 2_500), amenity="fuel", hazmat="yes")
    drawn.square(25, 300, 3_000, 60, amenity="parking", hgv="designated")
    drawn.square(26, 300, 3_200, 20, amenity="parking")
    drawn.square(27, 300, 3_400, 100, highway="services", name="示例服务区")
    drawn.square(28, 600, 3_400, 100, amenity="kindergarten", name="示例\n幼儿园")
    drawn.relation(2, [("way", 22, "outer"), ("way", 99, "outer")], type="multipolygon", leisure="nature_reserve")
    return drawn


def test_everything_a_map_shows_becomes_a_proposal_that_says_where_it_is_from(house: House, tmp_path: Path) -> None:
    imported = house.take_in(county(), tmp_path)
    assert dict(imported.merged.found) == {
        "TUNNEL": 3, "BRIDGE": 2, "WATER": 1, "WATER_SOURCE": 1, "SCHOOL": 1, "HOSPITAL": 1, "FUEL": 1, "PARKING": 1,
        "SERVICE_AREA": 1, "KINDERGARTEN": 1,
    }  # fmt: skip
    assert sorted(reason.partition(":")[0] for reason in imported.skipped for _ in range(imported.skipped[reason])) == [
        "BRIDGE", "PARKING", "WATER", "a point inside its own area 与面重复的点", "no closed area in this extract 范围不完整",
    ]  # fmt: skip
    known = house.known()
    large, small = known["bridge-2"], known["bridge-4"]
    assert large.bridge is not None
    assert small.bridge is not None
    assert (large.name, large.bridge.is_large, small.bridge.is_large) == ("示例江特大桥", True, False)
    assert large.bridge.length_dm == pytest.approx(11_570, abs=30)
    assert {tag.name: tag.value for tag in large.tags}.items() >= {"layer": "1", "maxweight": "49"}.items()
    source = known["osm-relation-1"]
    assert source.place_kind is PlaceKind.WATER_SOURCE
    assert source.area().contains(position((1_100, 100)))
    assert not source.area().contains(position((1_250, 250)))
    assert source.map_source is not None
    assert (source.map_source.element, source.map_source.map_name) == ("relation/1", "county")
    assert "ODbL" in source.map_source.map_licence
    assert known["osm-way-28"].name == "示例 幼儿园"
    assert known["osm-way-25"].kind is known["osm-way-27"].kind is ZoneKind.PARKING
    closed = known.pop("tunnel-8")
    assert ([rule.id for rule in closed.rules], closed.proposed) == ([MAP_RULE], False)
    assert {tag.name: tag.value for tag in closed.tags}.items() >= {"hazmat": "no", "maxheight": "4.5"}.items()
    category = known.pop("tunnel-12")
    assert category.tunnel is not None
    assert category.tunnel.category_source is not None
    assert (category.tunnel.category, category.tunnel.category_source.title) == ("D", "hazmat:D=no")
    assert all(zone.proposed and not zone.rules for zone in known.values())


def test_a_proposal_is_not_in_force_and_a_tunnel_is_where_it_is(house: House, tmp_path: Path) -> None:
    house.take_in(county(), tmp_path)
    with house.engine.connect() as connection:
        assert {each.zone.id for each in zones.active(connection, house.now)} == {"tunnel-8", "tunnel-10", "tunnel-12"}
        line = zones.timeline(connection, zones.last_change(connection))
        assert {span.version.zone.id for span in line} == {"tunnel-8", "tunnel-10", "tunnel-12"}
    house.put(replace(house.known()["osm-way-24"], proposed=False, rules=(BAN,)))
    with house.engine.connect() as connection:
        assert "osm-way-24" in {each.zone.id for each in zones.active(connection, house.now)}


def test_the_same_map_again_changes_nothing_and_a_newer_one_changes_what_differs(house: House, tmp_path: Path) -> None:
    first = house.take_in(county(), tmp_path)
    again = house.take_in(county(), tmp_path)
    assert (again.changed, again.merged.unchanged, again.fresh) == (0, first.merged.new, False)
    before = {zone_id: house.version(zone_id) for zone_id in ("bridge-4", "osm-way-20", "osm-way-24")}
    newer = county()
    newer.way(4, [(0, 2_000), (0, 2_104)], bridge="yes", highway="trunk", name="示例路", maxweight="20")
    newer.square(20, 500, 500, 250, natural="water", name="示例湖")
    newer.drop(25)
    merged = house.take_in(newer, tmp_path).merged
    assert (merged.new, merged.changed, merged.closed, dict(merged.kept)) == (0, 2, 1, {})
    assert house.version("bridge-4") > before["bridge-4"]
    assert house.version("osm-way-20") > before["osm-way-20"]
    assert house.version("osm-way-24") == before["osm-way-24"]
    assert "osm-way-25" not in house.known()
    back = house.take_in(county(), tmp_path).merged
    assert (back.new, back.changed, back.closed) == (0, 3, 0)
    assert "osm-way-25" in house.known()


def test_what_was_changed_by_hand_is_not_overwritten_nor_closed_and_rules_outlive_a_new_shape(
    house: House, tmp_path: Path
) -> None:
    house.take_in(county(), tmp_path)
    known = house.known()
    house.put(replace(known["osm-way-20"], name="示例湖（公布名）"))
    house.put(replace(known["osm-way-24"], proposed=False, rules=(BAN,), source=NOTICE))
    house.put(replace(known["bridge-2"], proposed=False, rules=(BAN,), source=NOTICE))
    house.withdraw("osm-node-" + next(zone_id for zone_id in known if zone_id.startswith("osm-node-")).split("-")[-1])
    withdrawn = set(known) - set(house.known())
    newer = county()
    newer.square(20, 500, 500, 250, natural="water", name="示例湖")
    newer.drop(24)
    newer.way(2, [(0, 500), (10, 1_000), (0, 1_700)], bridge="viaduct", bridge__name="示例江特大桥", highway="trunk")
    merged = house.take_in(newer, tmp_path).merged
    assert dict(merged.kept) == {BY_HAND: 1, WITHDRAWN: 1, VANISHED_KEPT: 1}
    assert (merged.new, merged.changed, merged.closed) == (1, 1, 0)  # the school's point is one again
    after = house.known()
    assert after["osm-way-20"] == replace(known["osm-way-20"], name="示例湖（公布名）")
    assert after["osm-way-24"].rules == (BAN,)
    bridge = after["bridge-2"]
    assert (bridge.rules, bridge.proposed, bridge.source) == ((BAN,), False, NOTICE)
    assert bridge.bridge != known["bridge-2"].bridge
    assert not withdrawn & set(after)
    once_more = house.take_in(newer, tmp_path).merged
    assert (once_more.written, dict(once_more.kept)) == (0, {BY_HAND: 1, WITHDRAWN: 1, VANISHED_KEPT: 1})
    assert house.known()["bridge-2"].rules == (BAN,)


def test_what_an_authority_published_ahead_outlives_a_map_that_no_longer_shows_the_thing(
    house: House, tmp_path: Path
) -> None:
    house.take_in(county(), tmp_path)
    ahead = house.now + timedelta(days=30)
    confirmed = replace(house.known()["osm-way-24"], proposed=False, rules=(BAN,))
    with house.engine.begin() as connection:
        store.queue_up(connection)
        store.append(connection, confirmed, box=confirmed.area().box, valid_from=ahead, valid_to=None, now=house.now,
                     by="police", registered=None)  # fmt: skip
    newer = county()
    newer.drop(24)
    assert dict(house.take_in(newer, tmp_path).merged.kept) == {VANISHED_KEPT: 1}
    with house.engine.connect() as connection:
        assert "osm-way-24" in {each.zone.id for each in zones.active(connection, ahead)}


def test_a_map_closes_only_what_came_out_of_a_map_of_its_name(house: House, tmp_path: Path) -> None:
    house.take_in(county(), tmp_path, name="one county")
    other = InventedMap()
    other.way(500, [(9_000, 0), (9_000, 500)], highway="trunk")
    merged = house.take_in(other, tmp_path, name="another county").merged
    assert (merged.closed, dict(merged.found)) == (0, {})
    assert "osm-way-20" in house.known()
    assert house.take_in(other, tmp_path, name="one county").merged.closed == 13


def test_proposals_lie_in_their_division_once_its_shape_is_known(house: House, tmp_path: Path) -> None:
    house.take_in(county(), tmp_path)
    drawn = InventedMap()
    drawn.way(1, [(-9_000, -9_000), (-9_000, 2_050), (9_000, 2_050), (9_000, -9_000), (-9_000, -9_000)])
    drawn.way(2, [(-9_000, 2_050), (-9_000, 9_000), (9_000, 9_000), (9_000, 2_050), (-9_000, 2_050)])
    for number, code in ((1, "990102"), (2, "990103")):
        drawn.relation(number, [("way", number, "outer")], type="boundary", boundary="administrative", ref=code)
    import_divisions(house.engine, drawn.write(tmp_path / "divisions.osm"), house.now)
    house.take_in(county(), tmp_path)
    codes = {zone_id: zone.division_code for zone_id, zone in house.known().items()}
    assert (codes["bridge-2"], codes["tunnel-8"], codes["bridge-4"]) == ("990102", "990103", "990100")


def test_all_of_it_goes_out_as_geojson_and_comes_in_equal(house: House, tmp_path: Path) -> None:
    house.take_in(county(), tmp_path)
    with house.engine.connect() as connection:
        text = geojson.dumps(book_of(connection).active(connection, house.now))
    read = geojson.loads(text)
    assert read.faults == []
    assert {zone.id: zone for zone in read.zones} == house.known()


REAL = {
    "monaco-2021.osm.pbf": {"BRIDGE": 9, "SCHOOL": 11, "HOSPITAL": 6, "FUEL": 4, "KINDERGARTEN": 1},
    "shenzhen-longgang-2019.osm.bz2": {"BRIDGE": 32, "SCHOOL": 8, "SERVICE_AREA": 2, "FUEL": 2, "WATER": 3},
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_maps_come_in_whole_and_once(house: House, shared_data: Path, tmp_path: Path, name: str) -> None:
    imported = house.take_in(shared_data / "osm" / name, tmp_path, name="real")
    found = imported.merged.found
    assert found["TUNNEL"] == imported.tunnels >= 5
    assert {kind: found[kind] for kind in REAL[name]} == REAL[name]
    assert imported.merged.new == sum(found.values())
    assert house.take_in(shared_data / "osm" / name, tmp_path, name="real").changed == 0
