"""Planned routes as trips name them: a fleet drives the same roads, so equal ones are one object, eight bytes a corner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import cast, overload
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

Point = tuple[int, int]  # latitude, longitude, degrees x 10^7
Corners = npt.NDArray[np.int32]  # a row for each: latitude, longitude


class Route(Sequence[Point]):
    """Made here alone: equal routes are the same route while anything goes by it."""

    __slots__ = ("__weakref__", "corners")

    def __init__(self, flat: bytes) -> None:
        self.corners: Corners = np.frombuffer(flat, dtype=np.int32).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.corners)

    @overload
    def __getitem__(self, place: int) -> Point: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Point, ...]: ...

    def __getitem__(self, place: int | slice) -> Point | tuple[Point, ...]:
        return tuple(self)[place]

    def __iter__(self) -> Iterator[Point]:
        return ((latitude, longitude) for latitude, longitude in self.corners.tolist())

    def __repr__(self) -> str:
        return repr(tuple(self))


_KNOWN: WeakValueDictionary[bytes, Route] = WeakValueDictionary()
_LOCK = Lock()


def shared(points: Sequence[Point]) -> tuple[Point, ...]:
    """The route of these corners, for whoever wants a tuple: it is one in all but its type. ``OverflowError`` for what is no position."""
    if isinstance(points, Route):
        return cast(tuple[Point, ...], points)
    return _known(np.array(points, dtype=np.int32))


def of_steps(steps: Sequence[int]) -> tuple[Point, ...]:
    """The route whose corners differ by these: latitude and longitude, one after the other, the first from nothing."""
    return _known(np.cumsum(np.array(steps, dtype=np.int64).reshape(-1, 2), axis=0).astype(np.int32))


def steps_of(route: Sequence[Point]) -> list[int]:
    """What ``of_steps`` reads."""
    corners = corners_of(route).astype(np.int64)
    corners[1:] -= corners[:-1].copy()
    steps: list[int] = corners.ravel().tolist()
    return steps


def corners_of(route: Sequence[Point]) -> Corners:
    """Not to be written to: they are everybody's."""
    return cast(Route, shared(route)).corners


def _known(corners: Corners) -> tuple[Point, ...]:
    flat = corners.tobytes()
    with _LOCK:
        return cast(tuple[Point, ...], _KNOWN.get(flat) or _KNOWN.setdefault(flat, Route(flat)))
