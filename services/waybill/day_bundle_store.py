"""The day's bundle as it was built last: its table's only writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Built:
    """``wanted``: somebody asked for a newer one since."""

    generated_at: datetime
    wanted: bool


_FIND = text("SELECT generated_at, wanted FROM waybill_day_bundle")


def find(connection: Connection) -> Built | None:
    """When it was built, and whether a newer one is wanted; ``None`` before the first."""
    row = connection.execute(_FIND).first()
    return None if row is None else Built(row.generated_at, row.wanted)


_READ = text("SELECT bundle FROM waybill_day_bundle")


def read(connection: Connection) -> bytes:
    """Of one that was found."""
    return bytes(connection.execute(_READ).scalar_one())


_WANT = text("UPDATE waybill_day_bundle SET wanted = true WHERE NOT wanted")


def want(connection: Connection) -> None:
    """Ask for a newer one; that it is wanted already costs no write."""
    connection.execute(_WANT)


_KEEP = text(
    "INSERT INTO waybill_day_bundle (generated_at, bundle, wanted) VALUES (:at, :bundle, false)"
    " ON CONFLICT (one) DO UPDATE SET generated_at = EXCLUDED.generated_at, bundle = EXCLUDED.bundle, wanted = false"
)


def keep(connection: Connection, bundle: bytes, generated_at: datetime) -> None:
    connection.execute(
        _KEEP,
        {"at": generated_at, "bundle": bundle},
    )
