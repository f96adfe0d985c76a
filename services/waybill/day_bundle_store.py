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


def find(connection: Connection) -> Built | None:
    row = connection.execute(text("SELECT generated_at, wanted FROM waybill_day_bundle")).first()
    return None if row is None else Built(row.generated_at, row.wanted)


def read(connection: Connection) -> bytes:
    """Of one that was found."""
    return bytes(connection.execute(text("SELECT bundle FROM waybill_day_bundle")).scalar_one())


def want(connection: Connection) -> None:
    """Ask for a newer one; that it is wanted already costs no write."""
    connection.execute(text("UPDATE waybill_day_bundle SET wanted = true WHERE NOT wanted"))


def keep(connection: Connection, bundle: bytes, generated_at: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO waybill_day_bundle (generated_at, bundle, wanted) VALUES (:at, :bundle, false)"
            " ON CONFLICT (one) DO UPDATE SET generated_at = EXCLUDED.generated_at, bundle = EXCLUDED.bundle, wanted = false"
        ),
        {"at": generated_at, "bundle": bundle},
    )
