"""The static layout of a log (C2SP tlog-tiles): where each hash and entry lies, and how to read hashes from there.

A tile of level L holds up to 256 hashes of complete subtrees of 256**L leaves; an entry bundle holds up to 256 entries,
each with its length in two bytes before it. A tile that is not full yet has its width in its path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hazway import proof
from hazway.errors import VerificationError, require

WIDTH = 256
HEIGHT = 8
_STEP = "tile"

# Gives the bytes of a file of the log by its path below the log's prefix; raises OSError when there is none.
Reader = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """``level`` None is an entry bundle; ``width`` from 1 to 256."""

    level: int | None
    n: int
    width: int

    @property
    def path(self) -> str:
        return path_of(self.level, self.n, self.width)


def path_of(level: int | None, n: int, width: int = WIDTH) -> str:
    """``tile/<level>/<n>`` in groups of three digits, with ``.p/<width>`` when partial; level None is ``entries``."""
    in_range = (level is None or 0 <= level < 64) and 0 <= n < proof.MAX_SIZE and 1 <= width <= WIDTH
    require(in_range, _STEP, "no such tile", "没有这样的瓦片")
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([f"x{group}" for group in groups[:-1]] + [groups[-1]])
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{number}{partial}"


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """The tiles and entry bundles of a tree of ``size`` leaves that its tree of ``since`` leaves did not have alike."""
    for level in (None, *range(HEIGHT)):
        unit = 1 if level is None else WIDTH**level
        old, new = since // unit, size // unit
        for n in range(old // WIDTH, -(-new // WIDTH)):
            width = min(new - n * WIDTH, WIDTH)
            if width > max(old - n * WIDTH, 0):
                yield Tile(level, n, width)


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle."""
    require(0 < len(entries) <= WIDTH, _STEP, "not 1 to 256 entries", "条目数不在 1 到 256 之间")
    require(all(len(entry) < 1 << 16 for entry in entries), _STEP, "an entry is too long", "条目过长")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(bundle: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle, which must end with the last of them."""
    entries = []
    at = 0
    for _ in range(width):
        require(at + 2 <= len(bundle), _STEP, "the entry bundle ends too early", "条目包不完整")
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        require(end <= len(bundle), _STEP, "the entry bundle ends too early", "条目包不完整")
        entries.append(bundle[at + 2 : end])
        at = end
    require(at == len(bundle), _STEP, "bytes after the last entry", "条目包末尾有多余字节")
    return entries


def decode_tile(tile: bytes, width: int) -> list[bytes]:
    """The ``width`` hashes of a tile."""
    right = len(tile) == width * proof.HASH_BYTES
    require(right, _STEP, f"the tile is not {width} hashes", f"瓦片不是 {width} 个散列值")
    return [tile[at : at + proof.HASH_BYTES] for at in range(0, len(tile), proof.HASH_BYTES)]


def read(reader: Reader, tile: Tile) -> bytes:
    """The bytes of a tile that a tree needs; a partial one may have been replaced by the full one."""
    try:
        return reader(tile.path)
    except OSError as error:
        if tile.width == WIDTH:
            raise _missing(tile) from error
    try:
        full = reader(path_of(tile.level, tile.n))
    except OSError as error:
        raise _missing(tile) from error
    if tile.level is not None:
        return full[: tile.width * proof.HASH_BYTES]
    return encode_entries(decode_entries(full, WIDTH)[: tile.width])


def hash_source(reader: Reader, size: int) -> proof.HashSource:
    """The hashes of a tree of ``size`` leaves from its tiles, each read once. Nothing of it is verified."""
    kept: dict[tuple[int, int], list[bytes]] = {}

    def tile(level: int, n: int) -> list[bytes]:
        if (level, n) not in kept:
            width = min((size // WIDTH**level) - n * WIDTH, WIDTH)
            require(width > 0, _STEP, "the tree has no such hash", "树中没有该散列值")
            kept[level, n] = decode_tile(read(reader, Tile(level, n, width)), width)
        return kept[level, n]

    def source(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, HEIGHT)
        first = index << above
        hashes = tile(tile_level, first // WIDTH)
        at = first % WIDTH
        require(at + (1 << above) <= len(hashes), _STEP, "the tree has no such hash", "树中没有该散列值")
        return proof.root_of(hashes[at : at + (1 << above)])

    return source


def _missing(tile: Tile) -> VerificationError:
    return VerificationError(_STEP, f"{tile.path} is missing", f"缺少 {tile.path}")
