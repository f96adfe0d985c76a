"""Every storage step of sequencing and publishing, with somebody told before and after each; and a log to do it to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Connection, Engine, Row, event, text

from services import traceability
from services.runtime.clock import HandClock
from services.runtime.database import connect
from services.runtime.host import Host
from services.runtime.lease import is_held, take_lease
from services.runtime.migrations import migrate
from services.runtime.settings import Settings
from services.runtime.whole_files import write_whole
from services.traceability import log_store, publish, sequencer, store
from services.traceability.genesis import begin
from services.traceability.worker import LogKeeping

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
Told = Callable[[str, bool], None]  # the step, and whether it is done


def open_log(database_url: str, home: Path, origin: str = "log.example/test") -> Host:
    """A host over the database, migrated, with its log begun. No Redis: what is tested here needs none."""
    settings = Settings(home=home, database_url=database_url, log_origin=origin)
    host = Host(settings, connect(database_url, pool=4), None, HandClock(NOW))  # type: ignore[arg-type]
    migrate(host.engine)
    keeper = traceability.keeper_of(settings)
    begin(host.engine, keeper, NOW)
    sequencer.Sequencer(host.engine, keeper, "prepare").open()
    return host


def keeping(host: Host, holder: str = "one") -> LogKeeping:
    return LogKeeping(host, traceability.keeper_of(host.settings), holder)


def say(host: Host, subject: str, request_id: str, count: int = 1) -> list[bytes]:
    """State something, each in a transaction of its own; the digests of the registrations."""
    keeper = traceability.keeper_of(host.settings)
    digests = []
    for number in range(count):
        with host.engine.begin() as connection:
            registered = traceability.state(
                connection, keeper, kind="test.say", subject=subject, body={}, request_id=f"{request_id}-{number}",
                at=NOW,
            )  # fmt: skip
        digests.append(registered.digest)
    return digests


def let_in(engine: Engine) -> None:
    """Whoever held the lease is gone; the next need not wait for it to run out."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE runtime_leases SET until = '-infinity'"))


def registration(connection: Connection, digest: bytes) -> Row[Any]:
    row = store.find_registration(connection, digest=digest)
    assert row is not None
    return row


@contextmanager
def told_of_steps(engine: Engine, told: Told) -> Iterator[None]:
    """``told(step, False)`` before each storage step of the log and ``told(step, True)`` after it."""
    with (
        mock.patch.object(sequencer, "take_lease", _around("lease", take_lease, told)),
        mock.patch.object(sequencer, "is_held", _around("is held", is_held, told)),
        mock.patch.object(log_store, "find_head", _around("head", log_store.find_head, told)),
        mock.patch.object(log_store, "waiting", _around("waiting", log_store.waiting, told)),
        mock.patch.object(log_store, "write_tiles", _around("tiles", log_store.write_tiles, told)),
        mock.patch.object(log_store, "give_leaves", _around("leaves", log_store.give_leaves, told)),
        mock.patch.object(log_store, "move_head", _around("move", log_store.move_head, told)),
        mock.patch.object(log_store, "entries", _around("entries", log_store.entries, told)),
        mock.patch.object(publish, "write_whole", _around_file(write_whole, told)),
        mock.patch.object(publish, "_drop_partial", _around("drop", publish._drop_partial, told)),
        mock.patch.object(os, "fsync", _around("fsync", os.fsync, told)),
    ):

        def commit(connection: Connection) -> None:
            told("commit", False)
            connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
            told("commit", True)

        event.listen(engine, "commit", commit)
        try:
            yield
        finally:
            event.remove(engine, "commit", commit)


def _around(name: str, real: Callable[..., Any], told: Told) -> Callable[..., Any]:
    def step(*arguments: Any, **named: Any) -> Any:
        told(name, False)
        result = real(*arguments, **named)
        told(name, True)
        return result

    return step


def _around_file(real: Callable[[Path, bytes], None], told: Told) -> Callable[[Path, bytes], None]:
    def write(path: Path, content: bytes) -> None:
        parts = path.parts
        kind = "file checkpoint" if parts[-1] == "checkpoint" else f"file {parts[parts.index('tile') + 1]}"
        told(kind, False)
        real(path, content)
        told(kind, True)

    return write
