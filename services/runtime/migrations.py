"""Forward-only, numbered, checksummed SQL migrations, applied under a lock.

Each slice keeps its own as ``services/<slice>/migrations/NNNN_what_it_does.sql``; slices are migrated lowest first.
A file once applied may never change: a differing checksum stops the server before it does harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from services.runtime.database import Connection, Engine

# Lowest slice first: a table may only refer to tables of slices below its own.
SLICES = (
    "runtime", "traceability", "alarms", "registry", "zones", "waybill", "loading", "monitoring",
)  # fmt: skip

_LOCK = 0x48415A57  # "HAZW": any number, as long as it is always the same one


class MigrationError(Exception):
    """The database and the migrations of this version do not fit together."""


@dataclass(frozen=True, slots=True)
class Migration:
    slice: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(slices: Sequence[str] = SLICES) -> Iterator[Migration]:
    """Every migration of this version, in the order it must be applied."""
    for slice_name in slices:
        folder = files(f"services.{slice_name}").joinpath("migrations")
        if not folder.is_dir():
            continue
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".sql"):
                number, _, name = entry.name.removesuffix(".sql").partition("_")
                yield Migration(slice_name, int(number), name, entry.read_text(encoding="utf-8"))


def migrate(engine: Engine, wanted: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply what is missing and return it; all of it or, on any error, none.

    Raises ``MigrationError`` when an applied migration differs from this version's or is unknown to it.
    """
    wanted = list(migrations()) if wanted is None else list(wanted)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS runtime_migrations (slice text, number int, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (slice, number))"
        )
        applied = _applied(connection)
        known = {(migration.slice, migration.number) for migration in wanted}
        if unknown := sorted(set(applied) - known):
            raise MigrationError(f"数据库比程序新 the database is newer than this version: {unknown}")
        missing = [migration for migration in wanted if not _is_applied(migration, applied)]
        for migration in missing:
            connection.exec_driver_sql(migration.sql.replace("%", "%%"))
            connection.exec_driver_sql(
                "INSERT INTO runtime_migrations (slice, number, name, checksum) VALUES (%s, %s, %s, %s)",
                (migration.slice, migration.number, migration.name, migration.checksum),
            )
    return missing


def _applied(connection: Connection) -> dict[tuple[str, int], str]:
    rows = connection.exec_driver_sql("SELECT slice, number, checksum FROM runtime_migrations")
    return {(row.slice, row.number): row.checksum for row in rows}


def _is_applied(migration: Migration, applied: dict[tuple[str, int], str]) -> bool:
    checksum = applied.get((migration.slice, migration.number))
    if checksum is not None and checksum != migration.checksum:
        raise MigrationError(
            f"迁移被改动过 {migration.slice} {migration.number:04} {migration.name} was changed after it was applied;"
            " 请新增迁移 write a new migration instead"
        )
    return checksum is not None
