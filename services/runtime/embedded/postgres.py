"""Start a PostgreSQL under a directory, or adopt the one that already runs there."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from services.runtime.embedded import account as accounts
from services.runtime.embedded import cluster, places, processes, programs, trouble
from services.runtime.embedded.cluster import Postmaster
from services.runtime.embedded.running import Running

DATABASE = "hazway"
PORT = 5432  # only a part of the socket's name: no network port is opened
SOCKET = f".s.PGSQL.{PORT}"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
FRAGILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start(home: Path, *, binaries: Path | None = None, durable: bool = True, patience_s: float = 300.0) -> Running:
    """A PostgreSQL with its data in ``home/postgres`` that takes connections on a Unix socket only.

    A server already running there is adopted. ``binaries`` is a directory of programs to use in place of the wheel's.
    ``durable=False`` is for throw-away databases of tests: a power cut would destroy them.
    Raises ``EmbeddedError``; after ``patience_s`` seconds of recovery too, and then the server is left to finish it.
    """
    home = places.prepared(accounts.station(places.prepared(home)))
    data = home / "postgres"
    with places.locked(home, "postgres"):
        adopted = _find_usable(data)
        pid = adopted.pid if adopted else _launch(home, data, binaries, durable=durable)
        server = _await_ready(home, data, pid, patience_s)
        _keep_promises(data, server, durable=durable)
        return Running(_url(server, DATABASE), server.pid, adopted is None, partial(_stop, home, data))


def forget(home: Path) -> None:
    """Stop what runs for this home and remove its data: for a home that is about to be deleted."""
    station = accounts.station(places.prepared(home))
    _stop(places.prepared(station), station / "postgres")
    accounts.abandon(home.absolute())


def _find_usable(data: Path) -> Postmaster | None:
    """The running server, unless it is on its way out or its socket was deleted: then it is ended first."""
    server = cluster.find_postmaster(data)
    if server is None:
        cluster.clear(data)
        return None
    if server.status == "single":
        raise trouble.single_user(data)
    lost = server.status == "ready" and not Path(server.socket_directory, f".s.PGSQL.{server.port}").exists()
    if server.status == "stopping" or lost:
        cluster.end(data)
        return None
    return server


def _launch(home: Path, data: Path, binaries: Path | None, *, durable: bool) -> int:
    log = places.log_file(home, "postgres")
    found = programs.find(binaries, data, cluster.version(data))
    account, found = accounts.choose(home, found)
    if cluster.version(data) is None:
        cluster.make(data, account, found, log, durable=durable)
    cluster.give_to(data, account.owner)
    sockets = places.socket_directory(home, "postgres", SOCKET, account.owner)
    command = [*account.prefix, str(found.bin / "postgres"), "-D", str(data), "-k", str(sockets), "-p", str(PORT)]
    for name, value in (SETTINGS | ({} if durable else FRAGILE)).items():
        command += ["-c", f"{name}={value}"]
    return processes.launch(command, log=log, cwd=data, user=account.user, group=account.group)


def _await_ready(home: Path, data: Path, pid: int, patience_s: float) -> Postmaster:
    """Wait until the server answers; its death or the end of patience is an ``EmbeddedError``."""
    end = time.monotonic() + patience_s
    while processes.is_alive(pid) and time.monotonic() < end:
        server = cluster.find_postmaster(data)
        if server is not None and server.status == "ready" and _answers(server):
            return server
        time.sleep(processes.POLL_SECONDS)
    log = home / "log" / "postgres.log"
    raise trouble.not_started("PostgreSQL", log, places.last_words(log))


def _answers(server: Postmaster) -> bool:
    try:
        with _connected(server):
            return True
    except OperationalError:
        return False


def _keep_promises(data: Path, server: Postmaster, *, durable: bool) -> None:
    """The database of the URL exists, and nothing acknowledged is lost with the power."""
    with _connected(server) as connection:
        if durable and connection.scalar(text("SELECT current_setting('fsync')")) != "on":
            raise trouble.not_durable(data)
        if DATABASE not in connection.scalars(text("SELECT datname FROM pg_database")).all():
            connection.execute(text(f"CREATE DATABASE {DATABASE}"))


def _connected(server: Postmaster) -> Connection:
    """A connection to the database every PostgreSQL has."""
    return create_engine(_url(server, "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()


def _url(server: Postmaster, database: str) -> str:
    query = {"host": server.socket_directory, "port": str(server.port)}
    url = URL.create("postgresql+psycopg2", username="postgres", database=database, query=query)
    return url.render_as_string(hide_password=False)


def _stop(home: Path, data: Path) -> None:
    if not home.exists():
        return
    with places.locked(home, "postgres"):
        cluster.end(data)
        places.forget_socket(home, "postgres")
        accounts.forget_copy(home)
