"""An authority publishes inside its own division; one above may too; a stranger may not, by code or by shape."""

from __future__ import annotations

import pytest

from geo.divisions import Divisions
from geo.position import Position
from geo.shapes import MultiPolygon
from services.zones.jurisdiction import check_publisher
from tests.unit.services.zones.zone_samples import SQUARE, area

NOTHING_KNOWN = Divisions({})
SOUTH, WEST = 410_000_000, 990_000_000  # of the sample square, 100,000 units wide


def county(west: int, east: int) -> MultiPolygon:
    corners = ((-900_000, west), (-900_000, east), (900_000, east), (900_000, west))
    return MultiPolygon.of([[Position(SOUTH + up, WEST + along) for up, along in corners]])


def around(east: int) -> Divisions:
    """Counties 620902 and 620921 meet so far east of the sample's western side; both lie in 620900."""
    shapes = {"620902": county(-900_000, east), "620921": county(east, 900_000), "620900": county(-900_000, 900_000)}
    return Divisions(shapes)


@pytest.mark.parametrize(
    ("publisher", "stated", "refused"),
    [
        ("620902", "620902", False),
        ("620902", "620921", True),
        ("620902", "620900", True),
        ("620900", "620902", False),
        ("620900", "621002", True),
        ("620000", "620902", False),
        ("630000", "620902", True),
        ("100000", "620902", False),
        ("", "620902", True),
        ("620902", "", False),
    ],
)
def test_the_stated_division_is_the_publishers_or_lies_in_it(publisher: str, stated: str, refused: bool) -> None:
    found = check_publisher(publisher, area(division_code=stated), NOTHING_KNOWN, "zone")
    assert [(each.reason.name, each.path) for each in found] == (
        [("ZONE_OUTSIDE_DIVISION", "zone.division_code")] * refused
    )


@pytest.mark.parametrize(
    ("border", "refused"), [(200_000, False), (99_000, False), (90_000, True), (50_000, True), (-10_000, True)]
)
def test_the_shape_lies_in_the_publishers_division_but_for_a_sliver(border: int, refused: bool) -> None:
    found = check_publisher("620902", area(division_code="620902"), around(border), "zone")
    assert [each.path for each in found] == ["zone"] * refused
    assert check_publisher("620900", area(division_code="620902"), around(border), "zone") == ()
    assert check_publisher("000000", area(division_code="620902"), around(border), "zone") == ()


def test_a_zone_where_no_shape_is_known_is_judged_by_what_it_states() -> None:
    far = ((Position(0, 0), Position(0, 100_000), Position(100_000, 100_000)),)
    assert check_publisher("620902", area(polygons=(far,)), around(0), "zone") == ()
    assert len(SQUARE) == 1


def test_the_refusal_names_both_divisions_and_a_way_out() -> None:
    (finding,) = check_publisher("620902", area(division_code="620921"), NOTHING_KNOWN, "zone")
    assert "620921" in finding.zh
    assert "620902" in finding.zh
    assert "620921" in finding.en
    assert finding.reason.remedy_en
