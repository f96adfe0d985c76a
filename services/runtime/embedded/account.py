"""Who PostgreSQL runs as, since it refuses to be root and initdb refuses an account without a name.

Nothing on the machine is changed for it: no account is made, no permission of a parent directory is touched.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.runtime.embedded import processes, trouble
from services.runtime.embedded.programs import Programs

STATIONS = Path("/var/lib/hazway")


@dataclass(frozen=True, slots=True)
class Account:
    """``prefix`` goes before a command, ``user`` and ``group`` to the call that starts it."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    @property
    def owner(self) -> tuple[int, int]:
        """Whom files must belong to for this account to call them its own."""
        if self.user is None or self.group is None:
            return os.geteuid(), os.getegid()
        return self.user, self.group

    def run(self, command: list[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *command],
            cwd=cwd,
            env=processes.environment(),
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )


def choose(home: Path, programs: Programs) -> tuple[Account, Programs]:
    """The first account that can run the programs and pass through ``home``; else one with a copy of the programs."""
    for account in candidates(home):
        if _works(account, home, programs):
            return account, programs
    if programs.trees:
        copy = programs.copied_to(_readable(home))
        for account in candidates(home):
            if _works(account, home, copy):
                return account, copy
        forget_copy(home)
    raise trouble.no_account(home)


def station(home: Path) -> Path:
    """Where PostgreSQL keeps what belongs to ``home``: there, unless only root may enter it and PostgreSQL may not be root.

    In a container without user namespaces a home under /root is such a place. Then it is a directory of this home's own
    below /var/lib/hazway, the same at every start; ``abandon`` removes it.
    """
    if os.geteuid() != 0 or (home / "postgres").exists():
        return home
    elsewhere = _elsewhere(home)
    if elsewhere.is_dir() or not any(_passes(account, home) for account in candidates(home)):
        elsewhere.mkdir(parents=True, exist_ok=True)
        return elsewhere
    return home


def abandon(home: Path) -> None:
    """Remove the directory ``station`` made for a home that is given up."""
    shutil.rmtree(_elsewhere(home), ignore_errors=True)


def _elsewhere(home: Path) -> Path:
    return STATIONS / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def _passes(account: Account, home: Path) -> bool:
    try:
        return account.run(["/bin/sh", "-c", 'test -x "$0"', home], Path("/")).returncode == 0
    except OSError:
        return False


def candidates(home: Path) -> Iterator[Account]:
    """In order of preference. Data belongs to whom the home belongs to, so that this user can open it without root.

    In a user namespace root's own files stay its own, those in a private home included.
    """
    is_root = os.geteuid() == 0
    if not is_root and _has_name(os.geteuid()):
        yield Account()
        return
    owner = home.stat()
    if is_root and owner.st_uid != 0 and _has_name(owner.st_uid):
        yield Account(user=owner.st_uid, group=owner.st_gid)
    stranger = _stranger()
    yield Account(prefix=("unshare", "--user", f"--map-user={stranger.pw_uid}", f"--map-group={stranger.pw_gid}"))
    if is_root:
        yield Account(user=stranger.pw_uid, group=stranger.pw_gid)
    else:
        yield Account()  # without a name it is enough for data that is already there


def _works(account: Account, home: Path, programs: Programs) -> bool:
    script = 'test -x "$1" && exec "$0" --version'
    try:
        return account.run(["/bin/sh", "-c", script, programs.bin / "postgres", home], Path("/")).returncode == 0
    except OSError:  # no unshare on this machine, or no right to change user
        return False


def _readable(home: Path) -> Path:
    """A new temporary directory others may read and only we may write, noted in ``home`` for ``forget_copy``."""
    forget_copy(home)
    directory = Path(tempfile.mkdtemp(prefix="hazway-programs-"))
    _note(home).symlink_to(directory)
    return directory


def forget_copy(home: Path) -> None:
    """Remove the programs copied for this home, if any were."""
    note = _note(home)
    if note.is_symlink():
        directory = Path(os.readlink(note))
        if directory.is_dir() and not directory.is_symlink() and directory.stat().st_uid == os.geteuid():
            shutil.rmtree(directory, ignore_errors=True)
        note.unlink()


def _note(home: Path) -> Path:
    return home / "run" / "programs"


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _stranger() -> pwd.struct_passwd:
    """An account with a name and no files: nobody, else the first that is not root."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return next(account for account in pwd.getpwall() if account.pw_uid != 0)
