"""Secrets of this installation: files under ``HAZWAY_HOME/keys``, each made on first use and never changed after."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from services.runtime.certificates import write_private


@lru_cache(maxsize=64)
def key_from(path: Path, make: Callable[[], bytes]) -> bytes:
    """The secret in the file; of several processes that find none at once, one makes it and all read that one.

    It is read once a process: who replaces a key starts the server again.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        write_private(draft, make())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()
