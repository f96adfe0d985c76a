"""Fixes as columns: one batch of one shard in order of arrival, and its compact form for the log."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

ENGINE_ON, POSITIONED, SUPPLEMENT = 1, 2, 4

_FORMAT = 1
_HEAD = struct.Struct("<BI")
MOST_FIXES = 1 << 22  # what a hostile body may claim to hold


@dataclass(frozen=True, slots=True, eq=False)
class Fixes:
    """Columns of one length. Times are milliseconds since 1970 UTC, places degrees x 10^7, WGS 84.

    ``vehicle`` is the store's number; ``flags``: 1 engine on, 2 positioned (else the coordinates mean nothing), 4 uploaded late
    from a dead zone. ``accuracy_dm`` and ``odometer_dm`` are 0 where the terminal does not say.
    """

    vehicle: Int64s
    time_ms: Int64s
    latitude_e7: Int64s
    longitude_e7: Int64s
    speed_dkmh: Int32s
    heading_deg: Int32s
    accuracy_dm: Int32s
    flags: Int32s
    odometer_dm: Int64s

    def __post_init__(self) -> None:
        if any(len(getattr(self, name)) != len(self.vehicle) for name in COLUMNS):
            raise ValueError("columns of different lengths")

    def __len__(self) -> int:
        return len(self.vehicle)

    @classmethod
    def empty(cls) -> Fixes:
        return cls.of([])

    @classmethod
    def of(cls, rows: npt.ArrayLike) -> Fixes:
        """From rows of nine whole numbers in the order of the columns."""
        table = np.asarray(rows, dtype=np.int64).reshape(-1, len(COLUMNS))
        columns: dict[str, Any] = {name: table[:, place].astype(_DTYPES[place]) for place, name in enumerate(COLUMNS)}
        return cls(**columns)

    @classmethod
    def joined(cls, *parts: Fixes) -> Fixes:
        """All of them, one after the other."""
        if not parts:
            return cls.empty()
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS})

    def take(self, rows: Int64s | npt.NDArray[np.bool_] | slice) -> Fixes:
        """Some rows, by index, mask or slice."""
        return Fixes(**{name: getattr(self, name)[rows] for name in COLUMNS})

    def encode(self) -> bytes:
        """Compact bytes. Within a vehicle neighbours differ little, so differences are taken vehicle by vehicle.

        The order of arrival is not lost: it can be told from the column of vehicles, which is stored as it came.
        """
        order = np.argsort(self.vehicle, kind="stable")
        parts = [_packed(self.vehicle)]
        for name in COLUMNS[1:]:
            values = getattr(self, name).astype(np.int64)[order]
            parts.append(_packed(np.diff(values, prepend=np.int64(0))))
        return _HEAD.pack(_FORMAT, len(self)) + zlib.compress(b"".join(parts), 6)

    @classmethod
    def decode(cls, body: bytes) -> Fixes:
        """What ``encode`` wrote; ``ValueError`` for anything else."""
        try:
            version, count = _HEAD.unpack_from(body)
            if version != _FORMAT or count > MOST_FIXES:
                raise ValueError("unknown format of fixes")
            expander = zlib.decompressobj()
            raw = expander.decompress(body[_HEAD.size :], count * 8 * len(COLUMNS) + len(COLUMNS))
            if expander.unconsumed_tail or expander.unused_data or not expander.eof:
                raise ValueError("fixes end too late or too early")
        except (struct.error, zlib.error) as problem:
            raise ValueError("not encoded fixes") from problem
        vehicle, at = _unpacked(raw, 0, count)
        back = np.argsort(np.argsort(vehicle, kind="stable"), kind="stable")
        columns: dict[str, Any] = {"vehicle": vehicle}
        for name, dtype in zip(COLUMNS[1:], _DTYPES[1:], strict=True):
            steps, at = _unpacked(raw, at, count)
            columns[name] = np.cumsum(steps)[back].astype(dtype)
        if at != len(raw):
            raise ValueError("bytes after the fixes")
        return cls(**columns)


COLUMNS = tuple(field.name for field in dataclasses.fields(Fixes))
_DTYPES = (np.int64, np.int64, np.int64, np.int64, np.int32, np.int32, np.int32, np.int32, np.int64)


def _packed(values: Int64s) -> bytes:
    """Zigzag in the narrowest of 1, 2, 4 or 8 bytes, byte planes apart: high bytes are mostly zero and compress to nothing."""
    zigzag = ((values << 1) ^ (values >> 63)).view(np.uint64)
    width = 1
    while width < 8 and len(zigzag) and int(zigzag.max()) >> (8 * width):
        width *= 2
    planes = zigzag.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width]
    return bytes([width]) + np.ascontiguousarray(planes.T).tobytes()


def _unpacked(raw: bytes, at: int, count: int) -> tuple[Int64s, int]:
    if at >= len(raw) or raw[at] not in (1, 2, 4, 8) or at + 1 + raw[at] * count > len(raw):
        raise ValueError("fixes are cut short")
    width, begin = raw[at], at + 1
    planes = np.frombuffer(raw, dtype=np.uint8, count=width * count, offset=begin).reshape(width, count)
    whole = np.zeros((count, 8), dtype=np.uint8)
    whole[:, :width] = planes.T
    zigzag = whole.view("<u8").reshape(count).astype(np.uint64)
    values = (zigzag >> np.uint64(1)).astype(np.int64) ^ -(zigzag & np.uint64(1)).astype(np.int64)
    return values, begin + width * count
