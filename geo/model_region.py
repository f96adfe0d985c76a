"""A county of our own making as OpenStreetMap XML: every place, name and road number in it is invented.

It lies in empty desert so that nobody takes it for a real place, about 23 km by 10 km: a town west of a mountain, a smaller
one east of it, an expressway through the mountain in a curved twin tunnel of 2.4 km and the old road around, a short tunnel,
a tunnel under the river beside a bridge over it, a refinery with filling plant, petrol stations, a fireworks store.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from geo.position import E7, EARTH_RADIUS_M

_ORIGIN_LATITUDE, _ORIGIN_LONGITUDE = 41.0, 99.0
_METRES_PER_DEGREE = math.pi / 180 * EARTH_RADIUS_M
_CARRIAGEWAY_OFFSET_M = 20.0  # from the middle of the expressway
_RADIUS_M = 2000.0  # of the expressway's bends; 1.2 radians of it are the tunnel
_EXPRESSWAY_Y = 2500.0
_RAMP_REACH, _RAMP_END_Y = 500.0, 120.0
_INTERCHANGES_X = (-4000.0, 1500.0, 9500.0)

Point = tuple[float, float]  # metres east and north of the town's centre


def build() -> bytes:
    """The whole region, byte for byte the same each time; ``geo.osm.read_region`` reads it from a file named ``*.osm``."""
    region = _Region()
    _town(region)
    _main_road(region)
    _expressway(region)
    _interchanges(region)
    _old_mountain_road(region)
    _northern_road(region)
    _river_crossing(region)
    _east_town(region)
    _places(region)
    return region.xml()


class _Region:
    """Ways over shared nodes: points with equal coordinates are one node, so roads join where they share a point."""

    def __init__(self) -> None:
        self._nodes: dict[Point, int] = {}
        self._node_tags: dict[int, Mapping[str, str]] = {}
        self._ways: list[tuple[list[int], Mapping[str, str]]] = []

    def node(self, point: Point, tags: Mapping[str, str] | None = None) -> int:
        number = self._nodes.setdefault((round(point[0], 2), round(point[1], 2)), len(self._nodes) + 1)
        if tags is not None:
            self._node_tags[number] = tags
        return number

    def way(self, points: Iterable[Point], **tags: str) -> None:
        self._ways.append(([self.node(point) for point in points], tags))

    def xml(self) -> bytes:
        lines = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6" generator="hazway model region">']
        for (east, north), number in self._nodes.items():
            latitude = _ORIGIN_LATITUDE + north / _METRES_PER_DEGREE
            longitude = _ORIGIN_LONGITUDE + east / (_METRES_PER_DEGREE * math.cos(math.radians(_ORIGIN_LATITUDE)))
            place = f'lat="{round(latitude * E7) / E7:.7f}" lon="{round(longitude * E7) / E7:.7f}"'
            lines.append(f'<node id="{number}" version="1" {place}>{_tags(self._node_tags.get(number, {}))}</node>')
        for number, (nodes, tags) in enumerate(self._ways, start=1):
            references = "".join(f'<nd ref="{node}"/>' for node in nodes)
            lines.append(f'<way id="{number}" version="1">{references}{_tags(tags)}</way>')
        return "\n".join([*lines, "</osm>", ""]).encode()


def _tags(tags: Mapping[str, str]) -> str:
    # keyword arguments cannot hold a colon: name__en stands for name:en
    return "".join(f"<tag k={quoteattr(key.replace('__', ':'))} v={quoteattr(value)}/>" for key, value in tags.items())


def _steps(first: int, last: int, step: int) -> list[float]:
    return [float(place) for place in range(first, last + 1, step)]


def _town(region: _Region) -> None:
    places = _steps(-900, 900, 300)
    for number, place in enumerate(places, start=1):
        if place != 0:  # the middle ones are the main road and the northern road
            region.way([(x, place) for x in places], highway="residential", name=f"示例镇{number}街", maxspeed="40")
            region.way([(place, y) for y in places], highway="residential", name=f"示例镇{number}巷", maxspeed="40")
    region.way([(0, y) for y in places], highway="secondary", name="示例北路", maxspeed="50")
    region.way([(x, 0) for x in places], highway="primary", name="示例大道", ref="X901", maxspeed="50")


def _main_road(region: _Region) -> None:
    road = {"highway": "primary", "name": "示例大道", "ref": "X901"}
    region.way([(-7000, 0), (-6000, 0), (-4600, 0), (-4000, 0), (-3400, 0)], **road, maxspeed="70")
    region.way(
        [(-3400, 0), (-3200, 0), (-3000, 0)], **road, bridge="yes", layer="1", bridge__name="示例大桥", maxweight="55"
    )
    region.way([(-3000, 0), (-1500, 0), (-900, 0)], **road, maxspeed="70")
    region.way([(900, 0), (1500, 0)], **road, maxspeed="60")
    region.way([(-6000, 0), (-6000, -400), (-5900, -600)], highway="service", name="示例炼油厂路", maxspeed="20")


def _arc(start: Point, heading: float, turn: float) -> list[Point]:
    """Points about 50 m apart on a bend of ``turn`` radians to the left (right when negative), the start left out."""
    count = math.ceil(abs(turn) * _RADIUS_M / 50)
    side = math.copysign(_RADIUS_M, turn)
    centre = (start[0] - side * math.sin(heading), start[1] + side * math.cos(heading))
    bearings = (heading + turn * index / count for index in range(1, count + 1))
    return [(centre[0] + side * math.sin(bearing), centre[1] - side * math.cos(bearing)) for bearing in bearings]


def _beside(line: Sequence[Point], metres: float) -> list[Point]:
    """The line moved to the left by ``metres`` (to the right when negative)."""
    moved = []
    for index, (x, y) in enumerate(line):
        (x1, y1), (x2, y2) = line[max(0, index - 1)], line[min(len(line) - 1, index + 1)]
        length = math.hypot(x2 - x1, y2 - y1)
        moved.append((x - metres * (y2 - y1) / length, y + metres * (x2 - x1) / length))
    return moved


def _expressway(region: _Region) -> None:
    ramps = [x + side * _RAMP_REACH for x in _INTERCHANGES_X for side in (-1, 1)]
    west = [(x, _EXPRESSWAY_Y) for x in sorted([-9000.0, 0.0, *(ramp for ramp in ramps if ramp < 3000)])]
    before = _arc((3000, _EXPRESSWAY_Y), 0, -0.6)
    inside = _arc(before[-1], -0.6, 1.2)
    after = _arc(inside[-1], 0.6, -0.6)
    east = [(x, _EXPRESSWAY_Y) for x in sorted([*(ramp for ramp in ramps if ramp > 8000), 14_000.0])]
    middle = [*west, (3000, _EXPRESSWAY_Y), *before, *inside, *after, *east]
    entrance = len(west) + len(before)  # index of the western portal
    exit_ = entrance + len(inside)
    road = {"highway": "motorway", "ref": "S9901", "oneway": "yes", "maxspeed": "100", "lanes": "2"}
    for side, tube in ((-1, "右洞"), (1, "左洞")):  # traffic keeps right: eastbound runs on the southern side
        line = _beside(middle, side * _CARRIAGEWAY_OFFSET_M)
        for part, tags in (
            (line[: entrance + 1], {"name": "示例高速"}),
            (
                line[entrance : exit_ + 1],
                {"name": f"示例山隧道{tube}", "tunnel": "yes", "layer": "-1", "maxheight": "5"},
            ),
            (line[exit_:], {"name": "示例高速"}),
        ):
            region.way(
                part if side < 0 else part[::-1], **(road | tags | ({"maxspeed": "80"} if "tunnel" in tags else {}))
            )


def _interchanges(region: _Region) -> None:
    ramp = {"highway": "motorway_link", "oneway": "yes", "maxspeed": "40"}
    for x in _INTERCHANGES_X:
        south, north = (x, _EXPRESSWAY_Y - _RAMP_END_Y), (x, _EXPRESSWAY_Y + _RAMP_END_Y)
        region.way([(x, 0), (x, 1200), south], highway="secondary", name="示例连接线", maxspeed="60")
        region.way([south, north], highway="secondary", name="示例连接线", bridge="yes", layer="1", maxspeed="60")
        eastbound, westbound = _EXPRESSWAY_Y - _CARRIAGEWAY_OFFSET_M, _EXPRESSWAY_Y + _CARRIAGEWAY_OFFSET_M
        region.way([(x - _RAMP_REACH, eastbound), (x - 150, eastbound - 60), south], **ramp)
        region.way([south, (x + 150, eastbound - 60), (x + _RAMP_REACH, eastbound)], **ramp)
        region.way([(x + _RAMP_REACH, westbound), (x + 150, westbound + 60), north], **ramp)
        region.way([north, (x - 150, westbound + 60), (x - _RAMP_REACH, westbound)], **ramp)


def _old_mountain_road(region: _Region) -> None:
    def bend(x: float) -> Point:
        share = (x - 1500) / 8000 * math.pi
        return x, -700 * math.sin(share) + 300 * math.sin(20 * share)

    bends = [bend(x) for x in _steps(1550, 9450, 50)]
    region.way([(1500, 0), *bends, (9500, 0)], highway="tertiary", name="示例老路", ref="X902", maxspeed="40")


def _northern_road(region: _Region) -> None:
    road = {"highway": "secondary", "name": "示例北路", "maxspeed": "60"}
    region.way([(0, 900), (0, 2300)], **road)
    region.way([(0, 2300), (0, 2700)], **road, bridge="yes", layer="1")
    region.way([(0, 2700), (0, 4300), (0, 4800)], **road)
    region.way([(0, 4800), (0, 5150)], **(road | {"name": "示例岭隧道"}), tunnel="yes", layer="-1")
    region.way([(0, 5150), (0, 5700), (0, 6500), (300, 6900)], **road)
    over = [(0, 4300), (500, 4450), (800, 4800), (850, 5150), (600, 5500), (0, 5700)]
    region.way(over, highway="unclassified", name="示例岭路", maxspeed="30")
    region.way([(0, 6500), (-400, 6600), (-700, 6500)], highway="residential", name="示例村路", maxspeed="30")


def _river_crossing(region: _Region) -> None:
    road = {"highway": "secondary", "name": "示例南环路", "maxspeed": "60"}
    region.way([(-4600, 0), (-4600, -1800), (-4200, -2400), (-3700, -2500)], **road)
    under = [(-3700, -2500), (-3400, -2560), (-3000, -2560), (-2700, -2500)]
    region.way(under, **(road | {"name": "示例河底隧道"}), tunnel="yes", layer="-2", maxheight="4.5")
    region.way([(-2700, -2500), (-2000, -2300), (-1500, -1500), (-1500, 0)], **road)
    region.way([(-4200, -2400), (-4700, -2700), (-5200, -2600)], highway="unclassified", name="示例滩路", maxspeed="40")
    region.way(
        [(-2000, -2300), (-1700, -2800), (-1000, -2900)], highway="unclassified", name="示例工业园路", maxspeed="40"
    )
    region.way([(-3250, 4000), (-3200, 0), (-3200, -5000)], waterway="river", name="示例河")


def _east_town(region: _Region) -> None:
    columns, rows = _steps(11_000, 12_000, 250), _steps(-500, 500, 250)
    region.way([(9500, 0), (10_400, 0), (11_000, 0)], highway="primary", name="示例东大道", ref="X901", maxspeed="70")
    region.way([(x, 0) for x in columns], highway="primary", name="示例东大道", ref="X901", maxspeed="50")
    for number, row in enumerate(rows, start=1):
        if row != 0:
            region.way([(x, row) for x in columns], highway="residential", name=f"示例东镇{number}街", maxspeed="40")
    for number, column in enumerate(columns, start=1):
        region.way([(column, y) for y in rows], highway="residential", name=f"示例东镇{number}巷", maxspeed="40")


def _places(region: _Region) -> None:
    region.node((-5880, -640), {"name": "示例炼油厂", "industrial": "refinery"})
    region.node((-5900, -600), {"name": "示例充装站", "industrial": "filling_plant"})
    region.node((11_520, 270), {"name": "示例东镇加油站", "amenity": "fuel"})
    region.node((-680, 6520), {"name": "示例村加油站", "amenity": "fuel"})
    region.node((-6900, 60), {"name": "示例烟花爆竹仓库", "building": "warehouse"})
    region.node((10_420, 40), {"name": "示例危险品车辆停车场", "amenity": "parking", "hazmat": "designated"})
    school = [(-520, 420), (-380, 420), (-380, 520), (-520, 520), (-520, 420)]
    region.way(school, amenity="school", name="示例中学")
    reservoir = [(7800, -3500), (8600, -3700), (9300, -3200), (8900, -2600), (8100, -2700), (7800, -3500)]
    region.way(reservoir, natural="water", water="reservoir", name="示例水库")
