"""Random areas that are hard to get right, and a slow oracle written from the definition alone."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from geo.position import E7, Position
from geo.shapes import Corridor, MultiPolygon, area_of

TURN = 360 * E7


def a_position(rng: random.Random, latitude_e7: int, longitude_e7: int, reach_e7: int) -> Position:
    """Near a place; sometimes on a coarse grid, so that points, corners and edges coincide."""
    grid = rng.choice((1, 1, max(1, reach_e7 // 4)))
    up, aside = (rng.randint(-reach_e7, reach_e7) // grid * grid for _ in range(2))
    return position(latitude_e7 + up, longitude_e7 + aside)


def position(latitude_e7: int, longitude_e7: int) -> Position:
    wrapped = (longitude_e7 + TURN // 2) % TURN - TURN // 2
    return Position(max(-90 * E7, min(90 * E7, latitude_e7)), wrapped)


def a_place(rng: random.Random) -> tuple[int, int]:
    """China mostly; sometimes the date line, the equator, the far north."""
    return rng.choice(
        [
            (rng.randint(20 * E7, 50 * E7), rng.randint(75 * E7, 130 * E7)),
            (rng.randint(20 * E7, 50 * E7), rng.randint(75 * E7, 130 * E7)),
            (rng.randint(-60 * E7, 60 * E7), 180 * E7 - rng.randint(-5000, 5000)),
            (rng.randint(-5000, 5000), rng.randint(-5000, 5000)),
            (rng.randint(78 * E7, 83 * E7), rng.randint(-180 * E7, 180 * E7)),
        ]
    )


def star(rng: random.Random, latitude_e7: int, longitude_e7: int, reach_e7: int, points: int) -> list[Position]:
    """A ring that sees its middle from everywhere; corners are pulled in at random."""
    ring = []
    for number in range(points):
        angle, pull = 2 * math.pi * number / points, reach_e7 * rng.uniform(0.3, 1.0)
        up, aside = round(pull * math.sin(angle)), round(pull * math.cos(angle))
        ring.append(position(latitude_e7 + up, longitude_e7 + aside))
    return ring


def box(latitude_e7: int, longitude_e7: int, height_e7: int, width_e7: int) -> list[Position]:
    corners = ((0, 0), (0, width_e7), (height_e7, width_e7), (height_e7, 0))
    return [position(latitude_e7 + up, longitude_e7 + aside) for up, aside in corners]


def an_area(rng: random.Random, latitude_e7: int, longitude_e7: int, reach_e7: int) -> MultiPolygon:
    kind = rng.choice(("star", "star with hole", "box", "two boxes", "frame", "sliver"))
    if kind == "sliver":  # 20 m wide and up to a hundred times longer
        far = a_position(rng, latitude_e7, longitude_e7, max(reach_e7, 400))
        ends = (position(latitude_e7, longitude_e7), far)
        return area_of(
            Corridor(ends if ends[0] != ends[1] else (ends[0], position(latitude_e7 + 500, longitude_e7)), 20.0)
        )
    if kind == "box":
        return MultiPolygon.of([box(latitude_e7, longitude_e7, reach_e7, reach_e7 // 2 + 1)])
    if kind == "two boxes":
        first = box(latitude_e7, longitude_e7, reach_e7, reach_e7)
        return MultiPolygon.of([first], [box(latitude_e7, longitude_e7 + reach_e7 + 3, reach_e7, reach_e7)])
    if kind == "frame":
        inner = box(latitude_e7 + reach_e7 // 4, longitude_e7 + reach_e7 // 4, reach_e7 // 2, reach_e7 // 2)
        return MultiPolygon.of([box(latitude_e7, longitude_e7, reach_e7, reach_e7), inner])
    outer = star(rng, latitude_e7, longitude_e7, reach_e7, rng.randint(3, 60))
    if kind == "star" or reach_e7 < 1000 or len(outer) < 8:
        return MultiPolygon.of([outer])
    return MultiPolygon.of([outer, star(rng, latitude_e7, longitude_e7, reach_e7 // 5, rng.randint(3, 9))])


def holds(shape: MultiPolygon, latitude: Fraction | int, longitude: Fraction | int) -> bool:
    """Whether the area holds a point: the point and its copies a turn away, against every edge."""
    edges = shape.edges()
    return any(_holds(edges, Fraction(latitude), Fraction(longitude) + turn * TURN) for turn in (-2, -1, 0, 1, 2))


def _holds(edges: list[tuple[int, int, int, int]], y: Fraction, x: Fraction) -> bool:
    passed = 0
    for ay, ax, by, bx in edges:
        if ay == by:
            if y == ay and min(ax, bx) <= x <= max(ax, bx):
                return True
            continue
        if not min(ay, by) <= y <= max(ay, by):
            continue
        at = ax + (y - ay) * Fraction(bx - ax, by - ay)
        if at == x:
            return True
        if at > x and y != max(ay, by):
            passed += 1
    return passed % 2 == 1


def hull(shape: MultiPolygon, a: Position, b: Position) -> tuple[Fraction, Fraction] | None:
    """First and last share of a segment in the area, by trying every place where it can change."""
    across = b.longitude_e7 - a.longitude_e7
    across -= TURN if across >= TURN // 2 else -TURN if across < -TURN // 2 else 0
    up = b.latitude_e7 - a.latitude_e7
    shares = {Fraction(0), Fraction(1)}
    for turn in (-2, -1, 0, 1, 2):
        for ay, ax, by, bx in shape.edges():
            shares |= _meetings(a.latitude_e7, a.longitude_e7 + turn * TURN, up, across, ay, ax, by, bx)
    held = [share for share in shares if holds(shape, a.latitude_e7 + share * up, a.longitude_e7 + share * across)]
    return (min(held), max(held)) if held else None


def _meetings(sy: int, sx: int, up: int, across: int, ay: int, ax: int, by: int, bx: int) -> set[Fraction]:
    found = set()
    normal = (bx - ax, -(by - ay))  # of the edge: y grows with the first, x with the second
    speed = normal[0] * up + normal[1] * across
    if speed:
        share = Fraction(normal[0] * (ay - sy) + normal[1] * (ax - sx), speed)
        if 0 <= share <= 1:
            found.add(share)
    elif up or across:
        for y, x in ((ay, ax), (by, bx)):
            share = Fraction(y - sy, up) if up else Fraction(x - sx, across)
            if 0 <= share <= 1:
                found.add(share)
    return found
