"""Where a server's lock, log and socket lie under ``home``.

home/postgres/      data of PostgreSQL            home/redis/   working directory of Redis
home/log/*.log      what the servers print        home/run/     locks and sockets, safe to delete when nothing runs
"""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.runtime.embedded import processes, trouble

SOCKET_PATH_MAX = 107  # bytes: sun_path of unix(7) is 108 with its closing zero
LOG_MAX = 16 * 1024 * 1024  # bytes; a longer log is put aside at the next start, one old log is kept
LOCK_PATIENCE_S = 300.0  # another process may be replaying a day's write-ahead log


def prepared(home: Path) -> Path:
    """The absolute ``home``, made if missing."""
    if any(ord(character) < 32 for character in str(home)):
        raise trouble.unfit_home(home)
    home = home.absolute()
    with _said_plainly():
        for folder in (home, home / "run", home / "log"):
            folder.mkdir(parents=True, exist_ok=True)
    return home


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise trouble.not_yours(str(error.filename)) from error


@contextmanager
def locked(home: Path, server: str) -> Iterator[None]:
    """One process (and one thread) at a time starts or stops ``server`` in ``home``; a dead holder's lock is free."""
    with _said_plainly(), (home / "run" / f"{server}.lock").open("a") as held:
        if not processes.wait_until(lambda: _took(held.fileno()), LOCK_PATIENCE_S):
            raise trouble.busy(home, server)
        yield


def _took(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def log_file(home: Path, server: str) -> Path:
    log = home / "log" / f"{server}.log"
    if log.exists() and log.stat().st_size > LOG_MAX:
        log.replace(log.with_suffix(".log.1"))
    return log


def last_words(log: Path) -> str:
    """The end of a log, for an error message."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return " | ".join(line.strip() for line in text.splitlines()[-4:]) or "no output"


def socket_directory(home: Path, server: str, socket: str, owner: tuple[int, int]) -> Path:
    """A directory only ``owner`` may enter, whose path with ``socket`` is short enough to listen on.

    It is ``home/run/<server>``; when that is too long, a link of that name to a private temporary directory, the same
    one as long as it is there. Call it only when no server listens: the socket a dead one left is removed.
    """
    here = home / "run" / server
    lent = current_socket_directory(home, server)
    if lent != here and _is_ours(lent, home, owner):
        for stale in lent.glob(f"{glob.escape(socket)}*"):
            stale.unlink()
        return lent
    _remove(here)
    if _fits(here / socket):
        here.mkdir(mode=0o700)
        os.chown(here, *owner)
        return here
    elsewhere = Path(tempfile.mkdtemp(prefix="hazway-"))
    if not _fits(elsewhere / socket):
        elsewhere.rmdir()
        raise trouble.unfit_home(home)
    (elsewhere / "home").symlink_to(home)
    os.chown(elsewhere, *owner)
    here.symlink_to(elsewhere)
    return elsewhere


def current_socket_directory(home: Path, server: str) -> Path:
    """Where ``socket_directory`` put it last."""
    here = home / "run" / server
    return Path(os.readlink(here)) if here.is_symlink() else here


def forget_socket(home: Path, server: str) -> None:
    """Remove the socket directory, the temporary one too when it is still this home's."""
    lent = current_socket_directory(home, server)
    if lent != home / "run" / server and _points_back(lent, home):
        shutil.rmtree(lent, ignore_errors=True)
    _remove(home / "run" / server)


def _fits(path: Path) -> bool:
    # A comma separates hosts in a connection string, and directories in PostgreSQL's settings.
    return len(os.fsencode(path)) <= SOCKET_PATH_MAX and "," not in str(path)


def _is_ours(directory: Path, home: Path, owner: tuple[int, int]) -> bool:
    """Not made by a stranger after a reboot emptied the temporary directory, nor shared with a copy of this home."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    return private and found.st_uid == owner[0] and _points_back(directory, home)


def _points_back(directory: Path, home: Path) -> bool:
    try:
        return (directory / "home").samefile(home)
    except OSError:
        return False


def _remove(here: Path) -> None:
    if here.is_symlink():
        here.unlink()
    elif here.exists():
        shutil.rmtree(here)


def ours() -> tuple[int, int]:
    """The owner of what this process makes."""
    return os.geteuid(), os.getegid()
