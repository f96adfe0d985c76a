"""How a loaded lorry slows down for sharp turns, and the courses of roads that tell where they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Courses = npt.NDArray[np.uint8]  # clockwise from north in steps of two degrees

ACCELERATION_M_S2 = 0.6  # a loaded tanker
BRAKING_M_S2 = 0.9
SHARP_TURN_DEG = 45.0
SHARP_TURN_M_S = 20 / 3.6
NO_COURSE = 255
_STEP_DEG = 2
_STEPS = 360 // _STEP_DEG


def courses(east: Floats, north: Floats) -> Courses:
    """The courses of straight pieces so long to the east and to the north, in any one unit."""
    return np.asarray(np.rint(np.degrees(np.arctan2(east, north)) / _STEP_DEG) % _STEPS, dtype=np.uint8)


def is_sharp(before: Courses, after: Courses) -> Mask:
    """Whether a road that goes on in another course turns so sharply; never where a course is not known."""
    apart = (before.astype(np.int16) - after) % _STEPS
    sharp = _STEP_DEG * np.minimum(apart, _STEPS - apart) > SHARP_TURN_DEG
    return np.asarray(sharp & (before != NO_COURSE) & (after != NO_COURSE))


def lost_s(
    metres: Floats,
    cruise_m_s: Floats,
    from_m_s: Floats | float = SHARP_TURN_M_S,
    to_m_s: Floats | float = SHARP_TURN_M_S,
) -> Floats:
    """Seconds lost, against cruising all the way, on stretches that are begun and must be left at other speeds.

    A lorry speeds up as it can, cruises where there is room, and brakes. Speeds above the cruising one count as that.
    """
    begin, end = np.minimum(from_m_s, cruise_m_s), np.minimum(to_m_s, cruise_m_s)
    gains, both = ACCELERATION_M_S2 * BRAKING_M_S2, ACCELERATION_M_S2 + BRAKING_M_S2
    reached = (2 * metres * gains + BRAKING_M_S2 * begin**2 + ACCELERATION_M_S2 * end**2) / both
    peak = np.minimum(np.maximum(np.sqrt(reached), np.maximum(begin, end)), cruise_m_s)
    takes_s = (peak - begin) / ACCELERATION_M_S2 + (peak - end) / BRAKING_M_S2
    needs_m = (peak**2 - begin**2) / (2 * ACCELERATION_M_S2) + (peak**2 - end**2) / (2 * BRAKING_M_S2)
    return np.asarray(np.maximum(takes_s - np.minimum(needs_m, metres) / cruise_m_s, 0.0))
