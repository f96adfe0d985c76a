"""One PostgreSQL and one Redis for a whole test run, shared by its worker processes; the last one out stops them."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from services.runtime.database import connect
from services.runtime.embedded import Running, postgres, redis
from services.runtime.migrations import SLICES, migrate, migrations

MEMORY = Path("/dev/shm")  # noqa: S108 (what is made there has a name of its own)
_ROOM = 4 << 30  # bytes; a run takes a quarter


def directory(run: Path, owner: int) -> Path:
    """Where the servers of a run keep their data: in memory where there is room, since the run makes and drops databases by the
    hundred, else in ``run``. ``owner`` is the process whose end is the run's; what dead ones left in memory goes."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < _ROOM:
        return run
    for left in MEMORY.glob("hazway-tests-*"):
        if not os.path.exists(f"/proc/{left.name.rpartition('-')[2]}"):
            shutil.rmtree(left, ignore_errors=True)
    return MEMORY / f"hazway-tests-{run.parent.name}-{owner}"


def shared_postgres(run: Path) -> AbstractContextManager[str]:
    """Fast and not durable: a test that kills servers starts its own."""

    def forget(run: Path) -> None:
        postgres.forget(run)
        shutil.rmtree(run / "postgres", ignore_errors=True)

    return _shared(run, "postgres", lambda: postgres.start(run, durable=False), forget)


def shared_redis(run: Path) -> AbstractContextManager[str]:
    return _shared(run, "redis", lambda: redis.start(run))


@contextmanager
def _shared(
    run: Path, name: str, start: Callable[[], Running], forget: Callable[[Path], None] = lambda _run: None
) -> Iterator[str]:
    """The URL of the run's server ``name``. ``run`` is the directory all processes of the run share."""
    with _users(run, name) as users:
        server = start()
        users.add(os.getpid())
    try:
        yield server.url
    finally:
        with _users(run, name) as users:
            users.discard(os.getpid())
            if not users:
                server.stop()
                forget(run)


@contextmanager
def _users(run: Path, name: str) -> Iterator[set[int]]:
    """The processes that use the server, under a lock; one that was killed does not count."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / f"{name}.users").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        users = {pid for pid in map(int, file.read().split()) if os.path.exists(f"/proc/{pid}")}
        try:
            yield users
        finally:
            file.truncate(0)
            file.write(" ".join(map(str, users)))


def migrated_template(run: Path, server_url: str, last: str = SLICES[-1]) -> str:
    """The name of a database that others are copied from, with this version's schema of the slices up to ``last``; made by
    whoever of the run asks first."""
    name = f"migrated_{last}"
    engine = create_engine(server_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with (run / "template.lock").open("w") as lock, engine.connect() as connection:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name not in connection.execute(text("SELECT datname FROM pg_database")).scalars().all():
            connection.execute(text("CREATE DATABASE migrating TEMPLATE template0"))
            target = connect(
                make_url(server_url).set(database="migrating").render_as_string(hide_password=False), pool=1
            )
            migrate(target, list(migrations(SLICES[: SLICES.index(last) + 1])))
            target.dispose()
            connection.execute(text(f"ALTER DATABASE migrating RENAME TO {name}"))
    return name


@contextmanager
def fresh_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """The URL of a new database on the server, empty or a copy, dropped afterwards with whoever is still connected."""
    engine = create_engine(server_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = f"test_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
