"""A million random segments, and every real track, against trying every zone; GEOS and an oracle in fractions look on.

GEOS decides on whole numbers below 2^53 without rounding too, and shares no line of ours: whether a segment or an end of it
meets an area must be the same. Shares of a segment are compared with the oracle's fractions on a sample.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely

from geo.index import ZoneIndex
from geo.position import E7
from geo.shapes import MultiPolygon
from tests.unit.geo.areas import TURN, an_area, hull, position
from tests.unit.geo.test_index import PLACES, Found, Segments, as_dict, some_segments, some_zones, tried_on_every_zone

pytestmark = pytest.mark.soak

SEGMENTS, BATCH, SAMPLED = 1_024_000, 2_000, 4  # whole batches for each place
Floats = npt.NDArray[np.float64]


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("place", PLACES)
def test_a_million_random_segments_meet_what_the_oracles_say(place: str) -> None:
    rng = random.Random(f"a million at {place}")
    for _ in range(SEGMENTS // len(PLACES) // BATCH):
        zones = some_zones(rng, *PLACES[place], 60)
        segments = some_segments(rng, zones, BATCH, far_share=0.0002)
        index = ZoneIndex(zones)
        found = as_dict(index, index.through(*segments))
        assert found == tried_on_every_zone(zones, segments)
        _agrees_with_geos(zones, segments, found)
        for row in rng.sample(range(BATCH), SAMPLED):
            _agrees_with_fractions(zones, segments, row, found)


def _agrees_with_geos(zones: dict[int, MultiPolygon], segments: Segments, found: Found) -> None:
    up = segments[2] - segments[0]
    across = (segments[3] - segments[1] + TURN // 2) % TURN - TURN // 2
    short = np.maximum(np.abs(up), np.abs(across)) <= 20 * E7
    for key, shape in zones.items():
        geometry = shape.to_geometry()
        if not shapely.is_valid(geometry):
            continue
        shapely.prepare(geometry)
        south, west, north, east = shape.box
        turns = (2 * segments[1] + across - west - east + TURN) // (2 * TURN) * TURN
        y, x = segments[0].astype(float), (segments[1] - turns).astype(float)
        near = short & (np.maximum(y, y + up) >= south) & (np.minimum(y, y + up) <= north)
        rows = np.flatnonzero(near & (np.maximum(x, x + across) >= west) & (np.minimum(x, x + across) <= east))
        starts = shapely.intersects_xy(geometry, x[rows], y[rows])
        ends = shapely.intersects_xy(geometry, (x + across)[rows], (y + up)[rows])
        lines = shapely.linestrings(
            np.stack([np.column_stack([x, y]), np.column_stack([x + across, y + up])], axis=1)[rows]
        )
        meets = shapely.intersects(geometry, lines) | starts
        mine = [found.get((row, key)) for row in rows.tolist()]
        assert [one is not None for one in mine] == meets.tolist()
        assert [one is not None and one[2] for one in mine] == starts.tolist()
        assert [one is not None and one[3] for one in mine] == ends.tolist()


def _agrees_with_fractions(zones: dict[int, MultiPolygon], segments: Segments, row: int, found: Found) -> None:
    ends = [position(int(segments[i][row]), int(segments[i + 1][row])) for i in (0, 2)]
    for key, shape in zones.items():
        span, mine = hull(shape, *ends), found.get((row, key))
        assert (span is None) == (mine is None)
        if span is not None and mine is not None:
            assert abs(mine[0] - float(span[0])) <= 1e-15
            assert abs(mine[1] - float(span[1])) <= 1e-15


TRACKS = {
    "athens_pneuma_1hz.csv": ("lat", "lon"),
    "geolife_beijing_small.csv": ("lat", "lon"),
    "geolife_beijing_217k.csv.gz": ("lat", "lon"),
    "porto_taxi_matched.csv": ("raw_lat", "raw_lon"),
}


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", TRACKS)
def test_every_step_of_a_real_track_meets_what_the_oracles_say(name: str, shared_data: Path) -> None:
    rows = list(_fixes(shared_data / "traj" / name, *TRACKS[name]))
    rng = random.Random(name)
    zones = {}
    for key in range(60):
        _, latitude, longitude = rng.choice(rows)
        zones[key] = an_area(rng, latitude, longitude, rng.choice((300, 2000, 20_000, 200_000, 2_000_000)))
    steps = np.array([(*one[1:], *other[1:]) for one, other in pairwise(rows) if one[0] == other[0]], dtype=np.int64)
    index = ZoneIndex(zones)
    for first in range(0, len(steps), 5 * BATCH):
        columns = steps[first : first + 5 * BATCH].T
        segments = columns[0], columns[1], columns[2], columns[3]
        found = as_dict(index, index.through(*segments))
        assert found == tried_on_every_zone(zones, segments)
        _agrees_with_geos(zones, segments, found)


def _fixes(path: Path, latitude: str, longitude: str) -> Iterator[tuple[str, int, int]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for row in csv.DictReader(file):
            yield row["id"], round(float(row[latitude]) * E7), round(float(row[longitude]) * E7)
