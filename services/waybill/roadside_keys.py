"""The keys that sign roadside codes: files ``HAZWAY_HOME/keys/roadside-<yyyymmdd>.pem``, each good from its day on.

They are kept apart from the operator's key, which vouches for them in the day's bundle. A new file with a later day
takes over on that day; codes of the key before stay good until they expire, for they were signed in its time.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from hazway import keys, roadside_code
from hazway.day_bundle import CodeKey
from services.runtime.certificates import write_private
from services.runtime.clock import LEGAL_ZONE, legal_day
from services.traceability import OPERATOR

_NAME = re.compile(r"roadside-(\d{8})\.pem")


@dataclass(frozen=True, slots=True)
class Dated:
    """A signer and the first second of its first day."""

    signer: keys.MemorySigner
    valid_from: int


def signer_at(home: Path, now: datetime) -> keys.MemorySigner:
    """The newest key that is good by now, made when there is none."""
    return [each.signer for each in dated_keys(home, now) if each.valid_from <= now.timestamp()][-1]


def code_keys(home: Path, now: datetime) -> tuple[CodeKey, ...]:
    """Every key with the time in which it signs, as the day's bundle lists them."""
    dated = dated_keys(home, now)
    ends = [*(later.valid_from for _, later in pairwise(dated)), None]
    return tuple(
        CodeKey(roadside_code.kid_of(each.signer.spki), each.signer.spki, OPERATOR, each.valid_from, end)
        for each, end in zip(dated, ends, strict=True)
    )


def dated_keys(home: Path, now: datetime) -> list[Dated]:
    """In the order of their days; at least one is good by now."""
    folder = home / "keys"
    if not any(day <= legal_day(now) for day in _days(folder)):
        _make(folder, legal_day(now))
    return [_read(folder / f"roadside-{day:%Y%m%d}.pem", day) for day in _days(folder)]


def _days(folder: Path) -> list[date]:
    names = (_NAME.fullmatch(path.name) for path in folder.glob("roadside-*.pem"))
    return sorted(date.fromisoformat(name[1]) for name in names if name)


def _make(folder: Path, day: date) -> None:
    """Of several processes that make one at once, the first has its way."""
    scratch = folder / f"roadside-{secrets.token_hex(8)}.new"
    write_private(scratch, keys.to_pem(keys.generate()))
    try:
        os.link(scratch, folder / f"roadside-{day:%Y%m%d}.pem")
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


@lru_cache(maxsize=64)
def _read(path: Path, day: date) -> Dated:
    begins = datetime.combine(day, time(), LEGAL_ZONE)
    return Dated(keys.from_pem(path.read_bytes()), int(begins.timestamp()))
