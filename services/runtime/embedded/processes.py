"""Telling our own server processes from everybody else's, and ending them.

A process is ours when it runs the server's program *in* the server's directory. That holds for children that outlived
a killed parent, and never for a stranger who was given an old process id again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

Find = Callable[[], frozenset[int]]

POLL_SECONDS = 0.02


def inside(directory: Path, programs: frozenset[str]) -> frozenset[int]:
    """Living processes that run one of ``programs`` (file names) with ``directory`` as working directory."""
    try:
        place = directory.stat()
    except OSError:
        return frozenset()
    return frozenset(pid for pid in _all() if _runs(pid, programs, place))


def _all() -> Iterable[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _runs(pid: int, programs: frozenset[str], place: os.stat_result) -> bool:
    try:
        running = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        return os.path.basename(running) in programs and os.path.samestat(os.stat(f"/proc/{pid}/cwd"), place)
    except OSError:  # gone meanwhile, a zombie, or somebody else's
        return False


def is_alive(pid: int) -> bool:
    """Whether a process of this id, ours or not, still does something: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_taken(pid: int) -> bool:
    """Whether this id cannot be given to a new process, be it only for a zombie's sake."""
    return Path(f"/proc/{pid}").exists()


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def is_gone_within(seconds: float, find: Find) -> bool:
    return wait_until(lambda: not find(), seconds)


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def launch(command: list[str], *, log: Path, cwd: Path, user: int | None = None, group: int | None = None) -> int:
    """Start a server in a session of its own, so that Ctrl-C at the terminal reaches its owner and not the server."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=cwd,
            env=environment(),
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    # Reaped the moment it ends: nobody should see a zombie and take it for a server.
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return process.pid


def environment() -> Mapping[str, str]:
    """A clean one: PGDATA, PGPORT, TZ and their like in the caller's shell are not meant for our servers."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
