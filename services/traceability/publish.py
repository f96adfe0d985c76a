"""The log as static files (C2SP tlog-tiles) under ``HAZWAY_HOME/public/log``: any web server can serve it, anybody mirror it.

Files are derived from the database and written after it: tiles first, the checkpoint last, each by rename, so that a
reader never finds a checkpoint whose tiles are missing, whatever is killed when. One process at a time writes them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Connection, Engine

from hazway import checkpoint, proof, tiles
from hazway.errors import VerificationError
from services.runtime.whole_files import UNFINISHED, alone, write_whole
from services.traceability import log_store
from services.traceability.keeper import Keeper
from services.traceability.sequencer import LogFrozen
from services.traceability.tree import Tree

_WIDTH = tiles.WIDTH


def publish(engine: Engine, keeper: Keeper, folder: Path) -> int:
    """Write what the published log lacks; the size that is now public.

    Raises ``LogFrozen``, and freezes the log, when what is public is not a beginning of what the database holds, as
    after a restored backup.
    """
    with alone(folder), engine.connect() as connection:
        head = log_store.find_head(connection)
        if head is None:
            return 0
        if head.frozen is not None:
            raise LogFrozen(head.frozen)
        since = _checked(engine, connection, keeper, folder, head)
        for tile in tiles.tiles_of(head.size, since):
            write_whole(folder / tile.path, _content(connection, tile))
        write_whole(folder / "checkpoint", head.checkpoint.encode())
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
    with alone(folder):
        for unfinished in [*folder.rglob(f"{UNFINISHED}*")]:
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
