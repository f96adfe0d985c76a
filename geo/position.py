"""Points on the Earth as whole numbers: degrees x 10^7, always (latitude, longitude), WGS 84 on a sphere of mean radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

E7 = 10_000_000
EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius R1; the sphere is at most 0.56 % off the ellipsoid

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A point in degrees x 10^7; ``ValueError`` outside +-90 and +-180 degrees, ``TypeError`` for anything but ``int``."""

    latitude_e7: int
    longitude_e7: int

    def __post_init__(self) -> None:
        for name, value, bound in (("latitude_e7", self.latitude_e7, 90), ("longitude_e7", self.longitude_e7, 180)):
            if type(value) is not int:  # a numpy integer would travel on into CBOR and protobuf, a bool is a mistake
                raise TypeError(f"{name} must be int, not {type(value).__name__}")
            if abs(value) > bound * E7:
                raise ValueError(f"{name} out of range: {value}")

    @classmethod
    def from_degrees(cls, latitude: float, longitude: float) -> Position:
        """The nearest representable point (1.1 cm apart); ``ValueError`` for NaN, infinities and values out of range."""
        if not (math.isfinite(latitude) and math.isfinite(longitude)):
            raise ValueError("degrees must be finite")
        return cls(round(latitude * E7), round(longitude * E7))

    @property
    def latitude(self) -> float:
        return self.latitude_e7 / E7

    @property
    def longitude(self) -> float:
        return self.longitude_e7 / E7


def distance_m(one: Position, other: Position) -> float:
    """Great-circle distance in metres (haversine; good from centimetres to the antipode, across the date line too)."""
    latitude_1, latitude_2 = math.radians(one.latitude), math.radians(other.latitude)
    half_latitude = (latitude_2 - latitude_1) / 2
    half_longitude = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_latitude) ** 2 + math.cos(latitude_1) * math.cos(latitude_2) * math.sin(half_longitude) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))


def bearing_deg(one: Position, other: Position) -> float:
    """Initial great-circle bearing from ``one`` to ``other``, degrees clockwise from north in [0, 360); 0 when they coincide."""
    latitude_1, latitude_2 = math.radians(one.latitude), math.radians(other.latitude)
    delta = math.radians(other.longitude - one.longitude)
    east = math.sin(delta) * math.cos(latitude_2)
    north = math.cos(latitude_1) * math.sin(latitude_2) - math.sin(latitude_1) * math.cos(latitude_2) * math.cos(delta)
    return math.degrees(math.atan2(east, north)) % 360 % 360  # twice: a tiny negative angle rounds up to 360.0


def offset(position: Position, bearing_deg: float, metres: float) -> Position:
    """The point ``metres`` away along a great circle that starts at ``bearing_deg``; longitude wraps at the date line."""
    angle, bearing, latitude_1 = metres / EARTH_RADIUS_M, math.radians(bearing_deg), math.radians(position.latitude)
    sine = math.sin(latitude_1) * math.cos(angle) + math.cos(latitude_1) * math.sin(angle) * math.cos(bearing)
    latitude_2 = math.asin(max(-1.0, min(1.0, sine)))
    delta = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(latitude_1),
        math.cos(angle) - math.sin(latitude_1) * math.sin(latitude_2),
    )
    longitude = (position.longitude + math.degrees(delta) + 180) % 360 - 180
    return Position.from_degrees(math.degrees(latitude_2), longitude)


def distances_m(
    latitude_1_e7: npt.ArrayLike,
    longitude_1_e7: npt.ArrayLike,
    latitude_2_e7: npt.ArrayLike,
    longitude_2_e7: npt.ArrayLike,
) -> Floats:
    """``distance_m`` over whole arrays of degrees x 10^7, broadcast like any numpy operation."""
    to_radians = math.pi / 180 / E7
    latitude_1 = np.asarray(latitude_1_e7, dtype=np.float64) * to_radians
    latitude_2 = np.asarray(latitude_2_e7, dtype=np.float64) * to_radians
    delta = (np.asarray(longitude_2_e7, dtype=np.float64) - np.asarray(longitude_1_e7, dtype=np.float64)) * to_radians
    chord = (
        np.sin((latitude_2 - latitude_1) / 2) ** 2 + np.cos(latitude_1) * np.cos(latitude_2) * np.sin(delta / 2) ** 2
    )
    distances: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, chord)))
    return distances
