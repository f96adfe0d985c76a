"""The static layout against that of the specification, a whole log derived again, and a monitor that never skips."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazway import audit, checkpoint, note, proof, tiles
from hazway.errors import VerificationError
from tests.simulated_log import ORIGIN, files_of, fixed_key, hash_source, reader_of

ENTRIES = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(66_000)]
LOG = note.Signer(ORIGIN, fixed_key("log"))
KEYS = [LOG.verifier]


def text_of(entries: list[bytes]) -> str:
    root = proof.root_of([proof.leaf_hash(entry) for entry in entries])
    return note.sign(checkpoint.Checkpoint(ORIGIN, len(entries), root).body(), LOG)


def log_of(size: int) -> dict[str, bytes]:
    return files_of(ENTRIES[:size], text_of(ENTRIES[:size]))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        ((0, 0, 256), "tile/0/000"),
        ((1, 1_234_067, 256), "tile/1/x001/x234/067"),
        ((63, 999, 1), "tile/63/999.p/1"),
        ((None, 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile: tuple[int | None, int, int], path: str) -> None:
    assert tiles.path_of(*tile) == path


@pytest.mark.parametrize("tile", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 1 << 63, 1)])
def test_no_path_for_what_is_no_tile(tile: tuple[int, int, int]) -> None:
    with pytest.raises(VerificationError):
        tiles.path_of(*tile)


def test_the_tiles_of_70000_entries_are_those_of_the_specification() -> None:
    found: dict[int, list[int]] = {}
    for tile in tiles.tiles_of(70_000):
        if tile.level is not None:
            found.setdefault(tile.level, []).append(tile.width)
    assert found == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_new_tiles_are_those_that_the_old_tree_had_not(one: int, other: int) -> None:
    old, new = sorted((one, other))
    assert set(tiles.tiles_of(new, since=old)) == set(tiles.tiles_of(new)) - set(tiles.tiles_of(old))


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_entry_bundles_come_back_and_their_prefixes_do_not(entries: list[bytes]) -> None:
    bundle = tiles.encode_entries(entries)
    assert tiles.decode_entries(bundle, len(entries)) == entries
    for length in range(len(bundle)):
        with pytest.raises(VerificationError):
            tiles.decode_entries(bundle[:length], len(entries))


@given(st.integers(1, 700), st.integers(1, 700))
def test_proofs_from_tiles_are_those_from_the_entries(one: int, other: int) -> None:
    old, new = sorted((one, other))
    source = tiles.hash_source(reader_of(log_of(new)), new)
    expected = hash_source(ENTRIES)
    assert proof.tree_root(new, source) == proof.tree_root(new, expected)
    assert proof.inclusion_proof(old - 1, new, source) == proof.inclusion_proof(old - 1, new, expected)
    assert proof.consistency_proof(old, new, source) == proof.consistency_proof(old, new, expected)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 1000, 65_536, 65_537])
def test_a_whole_log_is_derived_again(size: int) -> None:
    copy: dict[str, bytes] = {}
    files = log_of(size)
    report = audit.audit(reader_of(files), KEYS, mirror=copy.__setitem__)
    assert report.checkpoint.size == size
    assert copy == files
    assert report.files == len(files) - 1


def test_every_changed_file_is_found() -> None:
    files = log_of(600)
    for path, data in files.items():
        for bad in (data[:-1], data + b"\x00", bytes([data[0] ^ 1]) + data[1:], b""):
            with pytest.raises(VerificationError):
                audit.audit(reader_of(files | {path: bad}), KEYS)
        with pytest.raises(VerificationError):
            audit.audit(reader_of({name: files[name] for name in files if name != path}), KEYS)


def test_a_log_of_other_entries_under_the_same_checkpoint_is_found() -> None:
    forged = [*ENTRIES[:9], b"\x00" * 32, *ENTRIES[10:600]]
    with pytest.raises(VerificationError, match="another root"):
        audit.audit(reader_of(files_of(forged, text_of(ENTRIES[:600]))), KEYS)


def test_only_digests_are_entries() -> None:
    with pytest.raises(VerificationError, match="something else"):
        audit.audit(reader_of(files_of([b"personal data"], text_of([b"personal data"]))), KEYS)


def test_a_full_tile_stands_in_for_a_partial_one_that_was_deleted() -> None:
    grown = log_of(512)
    del grown["checkpoint"]
    files = {"checkpoint": text_of(ENTRIES[:300]).encode(), "tile/1/000.p/1": grown["tile/1/000.p/2"][:32]} | {
        path: data for path, data in grown.items() if path != "tile/1/000.p/2"
    }
    assert audit.audit(reader_of(files), KEYS).checkpoint.size == 300


def test_a_mirror_on_disk_can_be_audited(tmp_path: Path) -> None:
    audit.audit(reader_of(log_of(600)), KEYS, mirror=audit.directory_mirror(tmp_path))
    assert audit.audit(audit.directory_reader(tmp_path), KEYS).checkpoint.size == 600


@pytest.mark.parametrize("address", ["file:///etc", "ftp://x", "/tmp"])  # noqa: S108
def test_a_log_is_not_read_from_odd_addresses(address: str) -> None:
    with pytest.raises(VerificationError):
        audit.url_reader(address)


class Monitor:
    """A monitor's memory, with a crash on demand at one entry."""

    def __init__(self, crash_at: int = -1) -> None:
        self.known: str | None = None
        self.seen: list[tuple[int, bytes]] = []
        self.crash_at = crash_at

    def look(self, files: dict[str, bytes]) -> audit.WatchReport:
        return audit.watch(reader_of(files), KEYS, self.known, self.scan, self.store)

    def scan(self, index: int, entry: bytes) -> None:
        if index == self.crash_at:
            self.crash_at = -1
            raise KeyboardInterrupt
        self.seen.append((index, entry))

    def store(self, text: str) -> None:
        self.known = text


def test_a_monitor_sees_every_entry_once_while_the_log_grows() -> None:
    monitor = Monitor()
    for size in (0, 1, 1, 255, 256, 257, 700):
        report = monitor.look(log_of(size))
        assert report.checkpoint.size == size
    assert monitor.seen == list(enumerate(ENTRIES[:700]))


def test_a_monitor_that_crashed_skips_nothing() -> None:
    monitor = Monitor(crash_at=300)
    monitor.look(log_of(100))
    known = monitor.known
    with pytest.raises(KeyboardInterrupt):
        monitor.look(log_of(600))
    assert monitor.known == known
    monitor.look(log_of(600))
    assert set(monitor.seen) == set(enumerate(ENTRIES[:600]))


def test_a_log_that_shrank_or_forked_is_told_with_evidence() -> None:
    monitor = Monitor()
    monitor.look(log_of(300))
    known, seen = monitor.known, len(monitor.seen)
    forked = [*ENTRIES[:9], b"\x00" * 32, *ENTRIES[10:400]]
    for files in (log_of(299), files_of(forked, text_of(forked)), files_of(forked[:300], text_of(forked[:300]))):
        with pytest.raises(VerificationError) as refused:
            monitor.look(files)
        assert refused.value.evidence == (known, files["checkpoint"].decode())
    assert (monitor.known, len(monitor.seen)) == (known, seen)


def test_nothing_is_scanned_before_all_of_it_is_known_to_be_in_the_tree() -> None:
    monitor = Monitor()
    files = log_of(600)
    path = "tile/entries/002.p/88"
    with pytest.raises(VerificationError):
        monitor.look(files | {path: files[path][:-1] + b"\x00"})
    assert monitor.seen == []
    assert monitor.known is None
