"""Check a whole log from its static files: derive every hash again, or follow the log as it grows.

Both read through a ``Reader`` (path below the log's prefix -> bytes), so a directory, a web server or a mirror serve alike.
"""

from __future__ import annotations

import hashlib
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hazway import checkpoint as checkpoints
from hazway import note, proof, tiles
from hazway.checkpoint import Checkpoint
from hazway.errors import VerificationError, require
from hazway.tiles import WIDTH, Reader, Tile

CHECKPOINT_PATH = "checkpoint"
ENTRY_BYTES = 32
MAX_FILE_BYTES = 1 << 20
_STEP = "audit"

# Takes each verified file of the log (path, bytes), to keep a copy.
Mirror = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """A log whose every entry and hash was derived again and is as its checkpoint says."""

    checkpoint: Checkpoint
    text: str
    cosigners: tuple[str, ...]
    files: int
    bytes_read: int


@dataclass(frozen=True, slots=True)
class WatchReport:
    """One look at a growing log: the checkpoint then known, and how many entries were new."""

    checkpoint: Checkpoint
    text: str
    new_entries: int


def audit(
    reader: Reader,
    log_keys: Iterable[str | note.Verifier],
    witness_keys: Iterable[str | note.Verifier] = (),
    mirror: Mirror | None = None,
) -> AuditReport:
    """Derive a whole log again; ``VerificationError`` names the first file that is missing or wrong.

    1. The checkpoint is signed by the log.
    2. Every entry bundle is there, its entries are digests, and their leaf hashes are the tile of level 0.
    3. Every hash of a higher tile is the root of the full tile below it.
    4. The hashes add up to the checkpoint's root.

    ``mirror`` is given each file after it was checked, and the checkpoint after all of them. Memory: one hash for
    256 entries, and a tile.
    """
    # 1 the checkpoint is signed by the log
    text = _read_checkpoint(reader)
    opened = checkpoints.open(text, log_keys, witness_keys)
    head = opened.checkpoint
    walk = _Walk(reader, mirror)
    # 2 every entry bundle is there, its entries are digests, and their leaf hashes are the tile of level 0
    below: list[bytes] = []
    rest: bytes | None = None
    for n, width in _widths(head.size):
        leaves = [proof.leaf_hash(entry) for entry in walk.entries(n, width)]
        walk.check_tile(Tile(0, n, width), leaves)
        if width == WIDTH:
            below.append(proof.root_of(leaves))
        else:
            rest = proof.root_of(leaves)
    full_tiles = proof.CompactRange()
    for tile_root in below:
        full_tiles.append(tile_root)
    # 3 every hash of a higher tile is the root of the full tile below it
    level = 1
    while below:
        above = []
        for n, width in _widths(len(below)):
            hashes = below[n * WIDTH : n * WIDTH + width]
            walk.check_tile(Tile(level, n, width), hashes)
            if width == WIDTH:
                above.append(proof.root_of(hashes))
        below, level = above, level + 1
    # 4 the hashes add up to the checkpoint's root
    require(full_tiles.root(rest) == head.root, _STEP, "the entries lead to another root", "条目得出的根不同")
    if mirror is not None:
        mirror(CHECKPOINT_PATH, text.encode())
    return AuditReport(head, text, tuple(one.verifier.name for one in opened.cosignatures), walk.files, walk.bytes_read)


def watch(
    reader: Reader,
    log_keys: Iterable[str | note.Verifier],
    known: str | None,
    scan: Callable[[int, bytes], None],
    store: Callable[[str], None],
) -> WatchReport:
    """One look at a log whose last known checkpoint is ``known`` (a note's text; None at first).

    1. Both checkpoints are signed by the log, and the new one is no smaller.
    2. The tiles show that the new tree starts with the whole known one; else the error's ``evidence`` holds both
       checkpoints: either the log has two histories, or its files are damaged.
    3. The new entries are there and lead to the new root; each is given to ``scan`` with its index.
    4. Only then is the new checkpoint given to ``store``: a crash before that means scanning again, never skipping.
    """
    # 1 both checkpoints are signed by the log, and the new one is no smaller
    keys = list(log_keys)
    text = _read_checkpoint(reader)
    head = checkpoints.open(text, keys).checkpoint
    last = Checkpoint(head.origin, 0, proof.EMPTY_ROOT)
    if known is not None:
        last = checkpoints.open(known, keys).checkpoint
    require(head.origin == last.origin, _STEP, "another log", "不是同一日志")
    if head.size < last.size:
        raise _misbehaved("the log has shrunk", "日志缩短", known, text)
    # 2 the tiles show that the new tree starts with the whole known one
    source = tiles.hash_source(reader, head.size)
    require(
        proof.tree_root(head.size, source) == head.root, _STEP, "the tiles lead to another root", "瓦片得出的根不同"
    )
    if last.size > 0:
        path = proof.consistency_proof(last.size, head.size, source)
        try:
            proof.verify_consistency(last.size, head.size, path, last.root, head.root)
        except VerificationError:
            raise _misbehaved("the log shows no one history", "两个检查点不属于同一历史", known, text) from None
    # 3 the new entries are there and lead to the new root
    _scan(reader, last, head, scan)
    # 4 only then is the new checkpoint stored
    store(text)
    return WatchReport(head, text, head.size - last.size)


def directory_reader(directory: Path) -> Reader:
    """Reads a log's files below a directory."""

    def read(path: str) -> bytes:
        with (directory / path).open("rb") as file:
            return _limited(path, file.read(MAX_FILE_BYTES + 1))

    return read


def url_reader(prefix: str, timeout_s: float = 30) -> Reader:
    """Reads a log's files below an http or https prefix."""
    scheme = urllib.parse.urlsplit(prefix).scheme
    require(scheme in ("http", "https"), _STEP, "not an http or https address", "不是 http 或 https 地址")

    def read(path: str) -> bytes:
        with urllib.request.urlopen(f"{prefix.rstrip('/')}/{path}", timeout=timeout_s) as answer:  # noqa: S310 (checked)
            return _limited(path, answer.read(MAX_FILE_BYTES + 1))

    return read


def directory_mirror(directory: Path) -> Mirror:
    """Writes a log's files below a directory, each whole or not at all."""

    def write(path: str, data: bytes) -> None:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f"{target.name}.new")
        unfinished.write_bytes(data)
        unfinished.replace(target)

    return write


class _Walk:
    """Reads and checks files, handing each on to the mirror."""

    def __init__(self, reader: Reader, mirror: Mirror | None) -> None:
        self._reader = reader
        self._mirror = mirror
        self.files = 0
        self.bytes_read = 0

    def entries(self, n: int, width: int) -> list[bytes]:
        tile = Tile(None, n, width)
        data = tiles.read(self._reader, tile)
        entries = _digests(tile, data)
        self._count(tile, data)
        return entries

    def check_tile(self, tile: Tile, hashes: list[bytes]) -> None:
        data = tiles.read(self._reader, tile)
        require(data == b"".join(hashes), _STEP, f"{tile.path} is wrong", f"{tile.path} 不正确")
        self._count(tile, data)

    def _count(self, tile: Tile, data: bytes) -> None:
        self.files += 1
        self.bytes_read += len(data)
        if self._mirror is not None:
            self._mirror(tile.path, data)


def _scan(reader: Reader, last: Checkpoint, head: Checkpoint, scan: Callable[[int, bytes], None]) -> None:
    """Give each new entry to ``scan``, once all of them are found to lead to the new root.

    The bundles are read twice, and must be the same the second time, so that memory does not grow with the log.
    """
    new = [Tile(None, n, min(head.size - n * WIDTH, WIDTH)) for n in range(last.size // WIDTH, -(-head.size // WIDTH))]
    tree = proof.CompactRange(last.size, proof.range_hashes(last.size, tiles.hash_source(reader, head.size)))
    seen = []
    for tile in new:
        data = tiles.read(reader, tile)
        seen.append(hashlib.sha256(data).digest())
        for entry in _digests(tile, data)[max(last.size - tile.n * WIDTH, 0) :]:
            tree.append(proof.leaf_hash(entry))
    require(tree.root() == head.root, _STEP, "the entries lead to another root", "条目得出的根不同")
    for tile, digest in zip(new, seen, strict=True):
        data = tiles.read(reader, tile)
        require(hashlib.sha256(data).digest() == digest, _STEP, f"{tile.path} has changed", f"{tile.path} 发生变化")
        for index, entry in enumerate(_digests(tile, data), start=tile.n * WIDTH):
            if index >= last.size:
                scan(index, entry)


def _digests(tile: Tile, data: bytes) -> list[bytes]:
    entries = tiles.decode_entries(data, tile.width)
    whole = all(len(entry) == ENTRY_BYTES for entry in entries)
    require(whole, _STEP, f"{tile.path} holds something else than digests", f"{tile.path} 含非摘要条目")
    return entries


def _widths(count: int) -> Iterable[tuple[int, int]]:
    for n in range(-(-count // WIDTH)):
        yield n, min(count - n * WIDTH, WIDTH)


def _read_checkpoint(reader: Reader) -> str:
    try:
        return reader(CHECKPOINT_PATH).decode("utf-8")
    except UnicodeDecodeError:
        raise VerificationError(_STEP, "the checkpoint is not UTF-8", "检查点不是 UTF-8") from None
    except OSError as error:
        raise VerificationError(_STEP, "the checkpoint cannot be read", "无法读取检查点") from error


def _limited(path: str, data: bytes) -> bytes:
    require(len(data) <= MAX_FILE_BYTES, _STEP, f"{path} is too long", f"{path} 过长")
    return data


def _misbehaved(problem: str, problem_zh: str, known: str | None, text: str) -> VerificationError:
    return VerificationError(_STEP, problem, problem_zh, (known or "", text))
