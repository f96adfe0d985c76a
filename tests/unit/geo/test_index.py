"""The zone index gives exactly what trying every zone gives: random zones of all sizes, everywhere, and real tracks."""

from __future__ import annotations

import csv
import os
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.edges import EdgePool
from geo.index import Crossings, ZoneIndex
from geo.position import E7
from geo.shapes import MultiPolygon
from tests.unit.geo.areas import TURN, an_area, box, hull, position

Int64s = npt.NDArray[np.int64]
Segments = tuple[Int64s, Int64s, Int64s, Int64s]
Found = dict[tuple[int, int], tuple[float, float, bool, bool]]

PLACES = {
    "guizhou": (265_000_000, 1_067_000_000),
    "date line": (0, 180 * E7),
    "date line, south": (-60 * E7, -180 * E7),
    "far north": (82 * E7, 20 * E7),
    "last degree with cells": (839 * E7 // 10, 100 * E7),
    "pole": (88 * E7, 10 * E7),
    "pentagon in Norway": (583_970_000, 105_360_000),
    "pentagon off Ghana": (23_000_000, -52_000_000),
}


def some_zones(rng: random.Random, latitude: int, longitude: int, count: int) -> dict[int, MultiPolygon]:
    sizes = [40, 2000, 50_000, 200_000, 500_000, 1_000_000]
    sizes += [5_000_000, 30_000_000, 100_000_000] if abs(latitude) < 70 * E7 else []
    span = rng.choice((3_000_000, 30_000_000)) if abs(latitude) < 80 * E7 else 300_000
    zones = {}
    for key in range(count):
        reach = min(rng.choice(sizes), 200_000 if abs(latitude) > 80 * E7 else TURN)
        zones[key] = an_area(rng, latitude + rng.randint(-span, 0), longitude + rng.randint(-span, span), reach)
    return zones


def some_segments(rng: random.Random, zones: dict[int, MultiPolygon], count: int, far_share: float = 0.005) -> Segments:
    rows = []
    for _ in range(count):
        shape = zones[rng.choice(list(zones))]
        corner, off = rng.randrange(len(shape.latitude_e7)), rng.choice((0, 40, 40_000, 3_000_000))
        reach = 250_000_000 if rng.random() < far_share else rng.choice((0, 10, 3000, 60_000, 200_000, 3_000_000))
        a = position(
            int(shape.latitude_e7[corner]) + rng.randint(-off, off),
            int(shape.longitude_e7[corner]) + rng.randint(-off, off),
        )
        b = position(a.latitude_e7 + rng.randint(-reach, reach), a.longitude_e7 + rng.randint(-reach, reach))
        a, b = rng.choice(((a, b), (b, a)))
        rows.append((a.latitude_e7, a.longitude_e7, b.latitude_e7, b.longitude_e7))
    a_latitude, a_longitude, b_latitude, b_longitude = np.array(rows, dtype=np.int64).T
    return a_latitude, a_longitude, b_latitude, b_longitude


def tried_on_every_zone(zones: dict[int, MultiPolygon], segments: Segments) -> Found:
    pool = EdgePool()
    pool.add(list(zones.values()))
    count, keys = len(segments[0]), list(zones)
    row, place = np.repeat(np.arange(count), len(keys)), np.tile(np.arange(len(keys)), count)
    up = (segments[2] - segments[0])[row]
    across = ((segments[3] - segments[1] + TURN // 2) % TURN - TURN // 2)[row]
    short = np.maximum(np.abs(up), np.abs(across)) <= 20 * E7
    found = pool.through(place[short], segments[0][row[short]], segments[1][row[short]], up[short], across[short])
    hits = np.flatnonzero(found.meets)
    pairs = zip(row[short][hits].tolist(), (keys[number] for number in place[short][hits].tolist()), strict=True)
    columns = (found.t_in, found.t_out, found.starts_inside, found.ends_inside)
    answers = dict(zip(pairs, zip(*(column[hits].tolist() for column in columns), strict=True), strict=True))
    for hit in np.flatnonzero(~short).tolist():
        ends = [position(int(segments[i][row[hit]]), int(segments[i + 1][row[hit]])) for i in (0, 2)]
        span = hull(zones[keys[int(place[hit])]], *ends)
        if span is not None:
            answers[int(row[hit]), keys[int(place[hit])]] = (float(span[0]), float(span[1]), span[0] == 0, span[1] == 1)
    return answers


def as_dict(index: ZoneIndex[int], found: Crossings) -> Found:
    columns = (found.segment, found.zone, found.t_in, found.t_out, found.starts_inside, found.ends_inside)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    assert [row[:2] for row in rows] == sorted({row[:2] for row in rows})
    return {(row[0], index.keys[row[1]]): row[2:] for row in rows}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", range(2))
def test_the_index_finds_what_trying_every_zone_finds(place: str, seed: int) -> None:
    rng = random.Random(f"{place}{seed}")
    zones = some_zones(rng, *PLACES[place], 60)
    segments = some_segments(rng, zones, 400)
    index = ZoneIndex(zones)
    assert as_dict(index, index.through(*segments)) == tried_on_every_zone(zones, segments)


@pytest.mark.parametrize("place", PLACES)
def test_fixes_are_located_like_segments_of_no_length(place: str) -> None:
    rng = random.Random(place)
    zones = some_zones(rng, *PLACES[place], 60)
    latitude, longitude, *_ = some_segments(rng, zones, 400)
    index, pool = ZoneIndex(zones), EdgePool()
    pool.add(list(zones.values()))
    hits = index.locate(latitude, longitude)
    row, area = np.repeat(np.arange(400), 60), np.tile(np.arange(60), 400)
    inside = np.flatnonzero(pool.contains(area, latitude[row], longitude[row]))
    found = [(fix, index.keys[zone]) for fix, zone in zip(hits.fix.tolist(), hits.zone.tolist(), strict=True)]
    assert found == list(zip(row[inside].tolist(), area[inside].tolist(), strict=True))


@given(st.integers(0, 10**9))
@settings(max_examples=10, deadline=None)
def test_adding_and_removing_ends_where_building_at_once_ends(seed: int) -> None:
    rng = random.Random(seed)
    zones = some_zones(rng, *PLACES["guizhou"], 30)
    segments = some_segments(rng, zones, 150)
    index: ZoneIndex[int] = ZoneIndex()
    for key in zones:
        index = index.changed({key: zones[(key + 1) % 30]})  # first another zone under the key
        index = index.changed({key: zones[key]})
    gone = rng.sample(list(zones), 10)
    index = index.changed({}, gone)
    left = {key: shape for key, shape in zones.items() if key not in gone}
    assert len(index) == 20
    assert as_dict(index, index.through(*segments)) == tried_on_every_zone(left, segments)


def test_answers_do_not_depend_on_how_segments_are_batched() -> None:
    rng = random.Random(5)
    zones = some_zones(rng, *PLACES["guizhou"], 40)
    segments = some_segments(rng, zones, 200)
    index = ZoneIndex(zones)
    whole = as_dict(index, index.through(*segments))
    one_by_one: Found = {}
    for row in range(200):
        single = as_dict(index, index.through(*(column[row : row + 1] for column in segments)))
        one_by_one |= {(row, key): value for (_, key), value in single.items()}
    assert one_by_one == whole


def test_an_empty_index_and_an_empty_batch_find_nothing() -> None:
    nothing = np.empty(0, dtype=np.int64)
    one = np.array([300_000_000])
    assert len(ZoneIndex[int]().through(one, one, one, one).segment) == 0
    assert (
        len(ZoneIndex({1: MultiPolygon.of([box(0, 0, 9, 9)])}).through(nothing, nothing, nothing, nothing).segment) == 0
    )


def test_an_unknown_key_removes_nothing() -> None:
    index = ZoneIndex({1: MultiPolygon.of([box(0, 0, 9, 9)])})
    with pytest.raises(KeyError):
        index.changed({}, [1, 2])
    assert 1 in index
    assert len(index.locate(np.array([5]), np.array([5])).fix) == 1


def test_a_tunnel_between_two_fixes_is_crossed() -> None:
    """A 20 m sliver 300 m long, jumped over by a step of 660 m along it: no fix inside, and yet found."""
    index = ZoneIndex({"tunnel": MultiPolygon.of([box(265_000_000, 1_067_000_000, 1800, 30_000)])})
    found = index.through(*(np.array([v]) for v in (265_000_900, 1_066_980_000, 265_000_900, 1_067_046_000)))
    assert not found.starts_inside[0]
    assert not found.ends_inside[0]
    assert found.t_in[0] == pytest.approx(20_000 / 66_000)
    assert found.t_out[0] == pytest.approx(50_000 / 66_000)


DATA = Path(os.environ.get("HAZWAY_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "traj"


@pytest.mark.parametrize("name", ["athens_pneuma_1hz.csv", "geolife_beijing_small.csv"])
def test_real_tracks_give_what_trying_every_zone_gives(name: str) -> None:
    if not (DATA / name).is_file():
        pytest.skip(f"no {name} under HAZWAY_TEST_DATA")
    with (DATA / name).open() as file:
        rows = [
            (row["id"], round(float(row["lat"]) * E7), round(float(row["lon"]) * E7)) for row in csv.DictReader(file)
        ]
    rng = random.Random(name)
    zones = {}
    for key in range(50):
        _, latitude, longitude = rng.choice(rows)
        zones[key] = an_area(rng, latitude, longitude, rng.choice((300, 2000, 20_000, 200_000)))
    pairs = [(one[1:], other[1:]) for one, other in pairwise(rows) if one[0] == other[0]][:2000]
    columns = np.array([(*one, *other) for one, other in pairs], dtype=np.int64).T
    segments = columns[0], columns[1], columns[2], columns[3]
    index = ZoneIndex(zones)
    expected = tried_on_every_zone(zones, segments)
    assert as_dict(index, index.through(*segments)) == expected
    assert expected
