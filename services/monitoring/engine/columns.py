"""Arrays with a place for every vehicle of a shard, growing together; new places hold each column's default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Columns:
    """Columns by name, each of one kind (bool, int32, int64) and default."""

    def __init__(self, kinds: Mapping[str, tuple[npt.DTypeLike, int]]) -> None:
        self._kinds = {name: (np.dtype(kind), default) for name, (kind, default) in kinds.items()}
        self._size = 0
        self._room = {name: np.empty(0, kind) for name, (kind, _) in self._kinds.items()}

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> Array:
        """The column as a view: writing into it changes the state."""
        return self._room[name][: self._size]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._kinds)

    def extend(self, count: int) -> None:
        """Make room for so many more vehicles."""
        if self._size + count > self._capacity:
            self._grow(max(self._size + count, self._capacity * 9 // 8, 16))
        for name, (_, default) in self._kinds.items():
            self._room[name][self._size : self._size + count] = default
        self._size += count

    def reset(self, slot: int) -> None:
        """Put the defaults back at one place."""
        for name, (_, default) in self._kinds.items():
            self._room[name][slot] = default

    def copy_row(self, slot: int | Array, other: Columns, other_slot: int | Array) -> None:
        """One place, or many at once."""
        for name in self._kinds:
            self._room[name][slot] = other._room[name][other_slot]

    def to_bytes(self, order: Array) -> bytes:
        """All columns one after the other, each in the given order of places, little endian."""
        return b"".join(
            self[name][order].astype(kind.newbyteorder("<")).tobytes() for name, (kind, _) in self._kinds.items()
        )

    def load(self, size: int, body: bytes) -> None:
        """Take over what ``to_bytes`` wrote; ``ValueError`` when the length is not right."""
        if len(body) != size * sum(kind.itemsize for kind, _ in self._kinds.values()):
            raise ValueError("columns of another length")
        self.extend(size - self._size)
        at = 0
        for name, (kind, _) in self._kinds.items():
            self[name][:] = np.frombuffer(body, dtype=kind.newbyteorder("<"), count=size, offset=at)
            at += size * kind.itemsize

    @property
    def nbytes(self) -> int:
        return sum(self[name].nbytes for name in self._kinds)

    @property
    def _capacity(self) -> int:
        return len(next(iter(self._room.values())))

    def _grow(self, capacity: int) -> None:
        for name, (kind, _) in self._kinds.items():
            room = np.empty(capacity, dtype=kind)  # pages not used cost nothing
            room[: self._size] = self._room[name][: self._size]
            self._room[name] = room
