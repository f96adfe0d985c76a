"""The log as static files (C2SP tlog-tiles) under ``HAZWAY_HOME/public/log``: any web server can serve it, anybody mirror it.

Files are derived from the database and written after it: tiles first, the checkpoint last, each by rename, so that a
reader never finds a checkpoint whose tiles are missing, whatever is killed when. One process at a time writes them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from hazway import checkpoint, proof, tiles
from hazway.errors import VerificationError
from services.traceability import log_store
from services.traceability.keeper import Keeper
from services.traceability.sequencer import LogFrozen
from services.traceability.tree import Tree

_WIDTH = tiles.WIDTH
_LOCK = ".lock"
_UNFINISHED = ".new-"


def publish(engine: Engine, keeper: Keeper, folder: Path) -> int:
    """Write what the published log lacks; the size that is now public.

    Raises ``LogFrozen``, and freezes the log, when what is public is not a beginning of what the database holds, as
    after a restored backup.
    """
    with _alone(folder), engine.connect() as connection:
        head = log_store.find_head(connection)
        if head is None:
            return 0
        if head.frozen is not None:
            raise LogFrozen(head.frozen)
        since = _checked(engine, connection, keeper, folder, head)
        for tile in tiles.tiles_of(head.size, since):
            _write(folder / tile.path, _content(connection, tile))
        _write(folder / "checkpoint", head.checkpoint.encode())
        _drop_partial(folder, head.size, since)
        return head.size


def check_published(engine: Engine, keeper: Keeper, folder: Path) -> None:
    """Raise ``LogFrozen``, and freeze the log, unless what is public is a beginning of what the database holds."""
    with engine.connect() as connection:
        head = log_store.find_head(connection)
        if head is not None:
            _checked(engine, connection, keeper, folder, head)


def sweep(folder: Path) -> None:
    """Remove what a killed process left: files half written, and partial tiles beside full ones."""
    with _alone(folder):
        for unfinished in [*folder.rglob(f"{_UNFINISHED}*")]:
            unfinished.unlink()
        for partial in [*folder.rglob("*.p")]:
            if partial.with_suffix("").is_file():
                shutil.rmtree(partial)


def _checked(engine: Engine, connection: Connection, keeper: Keeper, folder: Path, head: log_store.Head) -> int:
    """The size that is public."""
    try:
        public = _published(folder, keeper)
        if public is None or public.size == 0:
            return 0
        if public.size > head.size:
            raise LogFrozen(f"{public.size} leaves are public, the database has {head.size}")
        tree = Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))
        if proof.tree_root(public.size, tree.hash_of) != public.root:
            raise LogFrozen(f"the public root at {public.size} is not the database's")
    except (LogFrozen, VerificationError) as error:
        with engine.begin() as freezing:
            log_store.freeze(freezing, str(error))
        raise LogFrozen(str(error)) from error
    return public.size


def _published(folder: Path, keeper: Keeper) -> checkpoint.Checkpoint | None:
    try:
        text = (folder / "checkpoint").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return checkpoint.open(text, [keeper.note_signer.verifier]).checkpoint


def _content(connection: Connection, tile: tiles.Tile) -> bytes:
    if tile.level is None:
        return tiles.encode_entries(log_store.entries(connection, tile.n * _WIDTH, tile.n * _WIDTH + tile.width))
    return log_store.read_tile(connection, tile.level, tile.n)[: tile.width * proof.HASH_BYTES]


def _drop_partial(folder: Path, size: int, since: int) -> None:
    """A full tile serves whoever asks for less of it (tlog-tiles), so its partial ones go once a checkpoint needs it."""
    for tile in tiles.tiles_of(size, since):
        if tile.width == _WIDTH:
            shutil.rmtree(folder / f"{tile.path}.p", ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process write here meanwhile; else a slow one could put an older checkpoint in a newer one's place."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, content: bytes) -> None:
    """Replace the file by a whole new one that is on the disk before it has the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(scratch).chmod(0o644)
    Path(scratch).replace(path)
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """A name is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
