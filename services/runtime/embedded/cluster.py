"""One data directory of PostgreSQL: what it says of itself, how it is made, and who still holds it."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from services.runtime.embedded import processes, trouble
from services.runtime.embedded.account import Account
from services.runtime.embedded.programs import Programs

PROGRAMS = frozenset({"postgres"})
ORPHANS_LEAVE_S = 3.0  # most notice their dead parent at once; one busy with a query does not
FAST_STOP_S = 30.0
QUICK_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What postmaster.pid says; ``status`` is "starting", "ready", "stopping" or, for an operator's repair, "single"."""

    pid: int
    port: int
    socket_directory: str
    status: str


def find_postmaster(data: Path) -> Postmaster | None:
    """The server that has ``data`` open now. A file left by a dead one, or by one before a reboot, does not count."""
    try:
        said = (data / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    number = _number_in(said)
    lines = [*said.split("\n"), *[""] * 8]  # the file is written in pieces while the server starts
    if abs(number) not in processes.inside(data, PROGRAMS):
        return None
    status = "single" if number < 0 else lines[7].strip()
    return Postmaster(abs(number), int(lines[3] or 0), lines[4], status)


def version(data: Path) -> str | None:
    """The release that made ``data``, None where nothing was made yet."""
    mark = data / "PG_VERSION"
    return mark.read_text().strip() if mark.exists() else None


def clear(data: Path) -> None:
    """End what a killed postmaster left behind, and drop its pid file once its number is a stranger's.

    Only called under the lock of the home and when ``find_postmaster`` found none.
    """
    left = _left_in(data)
    if not processes.is_gone_within(ORPHANS_LEAVE_S, left):
        processes.send(left(), signal.SIGQUIT)
    if not processes.is_gone_within(QUICK_STOP_S, left):
        processes.send(left(), signal.SIGKILL)
    if not processes.is_gone_within(QUICK_STOP_S, left):
        raise trouble.not_stopped("PostgreSQL", str(sorted(left())))
    _drop_borrowed_pid(data)


def _drop_borrowed_pid(data: Path) -> None:
    # PostgreSQL refuses to start as long as the number in the file is alive, whoever has it by now, and when a power
    # cut left the file empty. It judges a dead number itself, and better: by the shared memory named beside it.
    file = data / "postmaster.pid"
    if file.exists() and ((pid := _number_in(file.read_text())) == 0 or processes.is_taken(abs(pid))):
        file.unlink()


def _number_in(text: str) -> int:
    """The process id a pid file begins with, negative in single-user mode; 0 when it says none."""
    first = text.partition("\n")[0].strip()
    return int(first) if first.removeprefix("-").isdecimal() else 0


def end(data: Path) -> None:
    """Stop the server: sessions are ended and everything is written out; by force when that takes too long."""
    left = _left_in(data)
    for number, patience in ((signal.SIGINT, FAST_STOP_S), (signal.SIGQUIT, QUICK_STOP_S)):
        if (server := find_postmaster(data)) is None:
            break
        processes.send([server.pid], number)
        if processes.is_gone_within(patience, left):
            return
    if left():
        clear(data)


def _left_in(data: Path) -> processes.Find:
    return lambda: processes.inside(data, PROGRAMS)


def make(data: Path, account: Account, programs: Programs, log: Path, *, durable: bool) -> None:
    """Make ``data``, whole or not at all: it is made under another name and takes its own when complete.

    An empty directory already there is replaced, anything else is an ``EmbeddedError``.
    """
    partial = data.with_name(data.name + ".partial")
    processes.send(processes.inside(partial, PROGRAMS | {"initdb"}), signal.SIGKILL)  # its starter was killed
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    os.chown(partial, *account.owner)
    command: list[str | Path] = [programs.bin / "initdb", "-D", partial, "-U", "postgres", "-A", "trust"]
    command += ["-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
    done = account.run(command if durable else [*command, "-N"], partial)
    if done.returncode != 0:
        with log.open("a") as out:
            out.write(done.stdout)
        raise trouble.not_started("initdb", log, " ".join(done.stdout.split()[-40:]))
    try:
        partial.rename(data)
    except OSError as error:
        raise trouble.in_the_way(data) from error
    _sync(data.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_to(data: Path, owner: tuple[int, int]) -> None:
    """Hand data over that another account of this machine made: today's root may not run as yesterday's did."""
    if (found := data.stat()).st_uid == owner[0] and found.st_gid == owner[1]:
        return
    for folder, folders, files in os.walk(data):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), *owner, follow_symlinks=False)
