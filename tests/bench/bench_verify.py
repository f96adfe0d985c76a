"""Verifying, one thread, no server: signatures, statements, receipts, whole bundles, and the audit of a whole log.

HAZWAY_BENCH_LEAVES is the size of the audited log (100,000), which is generated straight into its static files.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hazway import audit, bundle, checkpoint, keys, note, proof, receipt, record, statement, tiles
from tests.simulated_log import ORIGIN, World, fixed_key

RUNS = 5
LEAVES = int(os.environ.get("HAZWAY_BENCH_LEAVES", "100000"))


def rate(work: Callable[[], Any], times: int) -> list[float]:
    """How often a second, in each run."""
    found = []
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(times):
            work()
        found.append(times / (time.perf_counter() - began))
    return found


def tell(name: str, value: float | int, **more: object) -> None:
    print(json.dumps({"bench": name, "value": value} | more | {"load": round(os.getloadavg()[0], 1)}), flush=True)


def verifying() -> None:
    world = World().trip()
    signer = fixed_key("carrier")
    message = b"x" * 400
    signature = signer.sign(message)
    bare = rate(lambda: keys.verify(signer.spki, keys.ED25519, message, signature), 1000)
    tell("verify.signature_per_s", round(statistics.median(bare)))
    signed = world.log.chains["waybill/7"][0].statement
    _compare("verify.statement_per_s", rate(lambda: statement.open(signed, signer.spki), 600), bare)
    given, digest = world.log.receipt(3), world.log.entries[3]
    _compare(
        "verify.receipt_per_s", rate(lambda: receipt.verify(given, digest, world.log.signer.spki, ORIGIN), 600), bare
    )
    data, trust = bundle.encode(world.bundle()), world.trust()
    _compare("verify.bundle_per_s", rate(lambda: record.verify(data, trust), 60), bare, bytes=len(data))


def _compare(name: str, found: list[float], bare: list[float], **more: object) -> None:
    of_bare = statistics.median(one / other for one, other in zip(found, bare, strict=True))
    tell(name, round(statistics.median(found)), of_bare=round(of_bare, 3), **more)


def auditing() -> None:
    """The baseline is hashing the same leaves and nodes with nothing read, compared or decoded."""
    signer = note.Signer(ORIGIN, fixed_key("log"))
    with tempfile.TemporaryDirectory(prefix="hazway-bench-") as folder:
        written = write_log(Path(folder), signer)
        seconds, bare = [], []
        for _ in range(RUNS):
            began = time.perf_counter()
            report = audit.audit(audit.directory_reader(Path(folder)), [signer.verifier])
            seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
            for number in range(LEAVES):
                hashlib.sha256(b"\x00" + number.to_bytes(32, "big")).digest()
                hashlib.sha256(b"\x01" + bytes(64)).digest()
            bare.append(time.perf_counter() - began)
        assert report.checkpoint.size == LEAVES
    tell(
        "audit.seconds", round(statistics.median(seconds), 2), leaves=LEAVES, files=report.files,
        leaves_per_s=round(LEAVES / statistics.median(seconds)),
        of_bare_hashing=round(statistics.median(b / s for b, s in zip(bare, seconds, strict=True)), 2),
    )  # fmt: skip
    tell("log.public_bytes_per_million_leaves", round(written / LEAVES * 1_000_000), leaves=LEAVES)


def write_log(folder: Path, signer: note.Signer) -> int:
    """The static files of a log of ``LEAVES`` entries; their bytes."""
    write, written = audit.directory_mirror(folder), 0
    below = []
    for n in range(-(-LEAVES // tiles.WIDTH)):
        places = range(n * tiles.WIDTH, min(LEAVES, (n + 1) * tiles.WIDTH))
        entries = [hashlib.sha256(place.to_bytes(8, "big")).digest() for place in places]
        hashes = [proof.leaf_hash(entry) for entry in entries]
        for level, content in ((None, tiles.encode_entries(entries)), (0, b"".join(hashes))):
            write(tiles.path_of(level, n, len(places)), content)
            written += len(content)
        below += [proof.root_of(hashes)] if len(hashes) == tiles.WIDTH else []
    level = 1
    while below:
        above = []
        for n in range(-(-len(below) // tiles.WIDTH)):
            hashes = below[n * tiles.WIDTH : (n + 1) * tiles.WIDTH]
            write(tiles.path_of(level, n, len(hashes)), b"".join(hashes))
            written += len(hashes) * proof.HASH_BYTES
            above += [proof.root_of(hashes)] if len(hashes) == tiles.WIDTH else []
        below, level = above, level + 1
    root = proof.tree_root(LEAVES, tiles.hash_source(audit.directory_reader(folder), LEAVES))
    text = note.sign(checkpoint.Checkpoint(ORIGIN, LEAVES, root).body(), signer)
    write("checkpoint", text.encode())
    return written


if __name__ == "__main__":
    verifying()
    auditing()
