"""The log as static files (C2SP tlog-tiles) under ``HAZWAY_HOME/log``: any web server can serve it, anybody can mirror it.

Files are derived from the database and written after it: tiles first, the checkpoint last, each by rename, so that a
reader never finds a checkpoint whose tiles are missing, whatever is killed when.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sqlalchemy import Connection, Engine

from hazway import checkpoint, proof, tiles
from services.traceability import log_store
from services.traceability.keeper import Keeper
from services.traceability.sequencer import LogFrozen
from services.traceability.tree import Tree

_WIDTH = tiles.WIDTH


def publish(engine: Engine, keeper: Keeper, folder: Path) -> int:
    """Write what the published log lacks; the size that is now public.

    Raises ``LogFrozen`` when what is public is not a beginning of what the database holds, as after a restored backup.
    """
    with engine.connect() as connection:
        head = log_store.find_head(connection)
        if head is None:
            return 0
        public = _published(folder, keeper)
        if public is not None and public.size > head.size:
            raise LogFrozen(f"{public.size} leaves are public, the database has {head.size}")
        since = 0 if public is None else public.size
        for tile in tiles.tiles_of(head.size, since):
            _write(folder / tile.path, _content(connection, tile))
        if public is not None and public.size and not _extends(connection, public, head):
            raise LogFrozen(f"the public root at {public.size} is not the database's")
    _write(folder / "checkpoint", head.checkpoint.encode())
    return head.size


def _published(folder: Path, keeper: Keeper) -> checkpoint.Checkpoint | None:
    try:
        text = (folder / "checkpoint").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return checkpoint.open(text, [keeper.note_signer.verifier]).checkpoint


def _extends(connection: Connection, public: checkpoint.Checkpoint, head: log_store.Head) -> bool:
    tree = Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))
    return proof.tree_root(public.size, tree.hash_of) == public.root


def _content(connection: Connection, tile: tiles.Tile) -> bytes:
    if tile.level is None:
        return tiles.encode_entries(log_store.entries(connection, tile.n * _WIDTH, tile.n * _WIDTH + tile.width))
    return log_store.read_tile(connection, tile.level, tile.n)[: tile.width * proof.HASH_BYTES]


def _write(path: Path, content: bytes) -> None:
    """Replace the file by a whole new one that is on the disk before it has the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(scratch).chmod(0o644)
    Path(scratch).replace(path)
