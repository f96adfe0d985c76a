"""Divisions by their shapes: the narrowest first, holes honoured, boundaries on both sides, unknown where nothing is drawn."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.divisions import Divisions
from geo.osm import RegionError
from geo.osm_areas import NO_AREA, code_of, read_divisions
from geo.position import Position
from geo.shapes import MultiPolygon
from tests.maps import InventedMap, position


def box(south: int, west: int, north: int, east: int) -> list[Position]:
    return [Position(south, west), Position(south, east), Position(north, east), Position(north, west)]


PROVINCE, CITY, COUNTY, NEIGHBOUR = "990000", "990100", "990102", "990103"
KNOWN = Divisions(
    {
        PROVINCE: MultiPolygon.of([box(0, 0, 10_000, 20_000)]),
        CITY: MultiPolygon.of([box(0, 0, 10_000, 10_000)]),
        COUNTY: MultiPolygon.of([box(0, 0, 5_000, 5_000), box(1_000, 1_000, 2_000, 2_000)]),
        NEIGHBOUR: MultiPolygon.of([box(0, 5_000, 5_000, 10_000)]),
    }
)


def test_the_narrowest_division_stands_first_and_a_hole_belongs_to_the_wider_one() -> None:
    assert KNOWN.at(Position(500, 500)) == (COUNTY, CITY, PROVINCE)
    assert KNOWN.at(Position(1_500, 1_500)) == (CITY, PROVINCE)
    assert KNOWN.at(Position(1_000, 1_500)) == (COUNTY, CITY, PROVINCE)
    assert KNOWN.at(Position(9_000, 15_000)) == (PROVINCE,)
    assert KNOWN.at(Position(-1, 500)) == ()


def test_a_boundary_belongs_to_both_sides_and_a_unit_beside_it_to_one() -> None:
    assert KNOWN.at(Position(100, 5_000)) == (COUNTY, NEIGHBOUR, CITY, PROVINCE)
    assert KNOWN.at(Position(100, 4_999)) == (COUNTY, CITY, PROVINCE)


@given(st.lists(st.tuples(st.integers(-50, 10_050), st.integers(-50, 20_050)), max_size=30))
def test_many_positions_are_found_as_exact_membership_says(places: list[tuple[int, int]]) -> None:
    shapes = {
        COUNTY: MultiPolygon.of([box(0, 0, 5_000, 5_000), box(1_000, 1_000, 2_000, 2_000)]),
        CITY: MultiPolygon.of([box(0, 0, 10_000, 10_000)]),
    }
    positions = [Position(*place) for place in places]
    wanted = [tuple(code for code, shape in shapes.items() if shape.contains(each)) for each in positions]
    assert Divisions(shapes).at_all(positions) == wanted


def test_a_division_over_the_date_line_holds_both_sides_of_it() -> None:
    over = Divisions({PROVINCE: MultiPolygon.of([box(0, 1_799_990_000, 10_000, -1_799_990_000)])})
    assert over.at(Position(5_000, -1_799_995_000)) == over.at(Position(5_000, 1_799_995_000)) == (PROVINCE,)
    assert over.at(Position(5_000, 0)) == ()


def test_an_area_touches_a_division_by_a_share_or_a_depth_and_not_by_a_sliver() -> None:
    shapes = Divisions(
        {
            COUNTY: MultiPolygon.of([box(0, 0, 500_000, 500_000)]),
            NEIGHBOUR: MultiPolygon.of([box(0, 500_000, 500_000, 10**6)]),
        }
    )
    within = MultiPolygon.of([box(100, 100, 400_000, 500_010)])
    assert shapes.touched_by(within, share=0.05, depth_m=100) == (COUNTY,)
    deep = MultiPolygon.of([box(100, 100, 400_000, 520_000)])
    assert shapes.touched_by(deep, share=0.05, depth_m=100) == (COUNTY, NEIGHBOUR)
    narrow = MultiPolygon.of([box(100, 100, 200, 600_000)])
    assert shapes.touched_by(narrow, share=0.05, depth_m=100) == (COUNTY, NEIGHBOUR)


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"ref:admin:CN:mca": "440307", "ref": "粤"}, "440307"),
        ({"division_code": "440300"}, "440300"),
        ({"ref": "440307000000"}, "440307"),
        ({"ref": "440307001"}, ""),
        ({"ref": "BZ"}, ""),
        ({"ref": "044030"}, ""),
    ],
)
def test_a_code_is_six_digits_wherever_mappers_keep_it(tags: dict[str, str], code: str) -> None:
    assert code_of(tags) == code


def test_boundaries_are_read_whole_with_holes_and_the_rest_is_counted(tmp_path: Path) -> None:
    drawn = InventedMap()
    drawn.square(1, 0, 0, 1_000)
    drawn.square(2, 200, 200, 100)
    drawn.relation(
        1,
        [("way", 1, "outer"), ("way", 2, "inner")],
        type="boundary",
        boundary="administrative",
        name="示例县",
        ref__admin__CN__mca="990102",
    )
    drawn.relation(
        2, [("way", 1, "outer"), ("way", 99, "outer")], type="boundary", boundary="administrative", ref="990103"
    )
    drawn.relation(3, [("way", 1, "outer")], type="boundary", boundary="administrative", name="无代码")
    drawn.relation(4, [("way", 1, "outer")], type="boundary", boundary="postal_code", ref="990104")
    (division,), skipped = read_divisions(drawn.write(tmp_path / "divisions.osm"))
    assert (division.code, division.name, division.element) == ("990102", "示例县", "relation/1")
    assert division.shape.contains(position((100, 100)))
    assert not division.shape.contains(position((250, 250)))
    assert skipped[NO_AREA] == 1
    assert sum(skipped.values()) == 2


def test_a_file_that_is_no_map_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm"
    broken.write_text("<osm", "utf-8")
    for file in (broken, tmp_path / "none.osm.pbf", tmp_path / "roads.shp"):
        with pytest.raises(RegionError):
            read_divisions(file)
