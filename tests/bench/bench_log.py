"""The log under load: appends, receipts, and what a leaf costs as the log grows. JSON lines, medians of five runs.

    batched   signed statements recorded 200 a transaction by 2 callers and given receipts, per second; against bare verification
    unary     stated calls over gRPC per second, against the same call emptied of all but its committed transaction
    receipts  from the call to its receipt in hand, at 1, 16 and 256 callers
    leaf      seconds of sequencing a leaf, on logs of 1 K to 10 M leaves

HAZWAY_BENCH_LOG_N enlarges the counts (1.0), HAZWAY_BENCH_ROWS the registrations under the last (10,000).
"""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import text

from hazway import cose, keys, proof
from hazway.client import Client
from hazway.traceability.v1 import traceability_pb2 as pb
from services import traceability
from services.traceability import log_store
from services.traceability.record import WAKE_SEQUENCER, register, stated
from services.traceability.sequencer import Sequencer
from services.traceability.tree import Tree
from tests.bench.log_house import METHOD, SERVICE, House, call_of, client, house, process, requests, tell, wait_for_log

RUNS = 5
SCALE = float(os.environ.get("HAZWAY_BENCH_LOG_N", "1"))
ROWS = int(os.environ.get("HAZWAY_BENCH_ROWS", "10000"))
TOGETHER, CALLERS = 200, 2
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def batched(built: House) -> None:
    count = int(2_000 * SCALE) // TOGETHER * TOGETHER
    keeper = traceability.keeper_of(built.settings)
    recorded, receipted, verified = [], [], []
    with process(built, "worker"):
        for _ in range(RUNS):
            made = requests(count, built.settings)
            verified.append(count / timed(partial(verify, made, keeper.operator.spki)))
            began = time.perf_counter()
            with ThreadPoolExecutor(CALLERS) as pool:
                starts = range(0, count, TOGETHER)
                list(pool.map(lambda at, made=made: record_batch(built, made[at : at + TOGETHER]), starts))
            recorded.append(count / (time.perf_counter() - began))
            wait_for_log(built)
            receipted.append(count / (time.perf_counter() - began))
    bare = statistics.median(verified)
    tell("log.verify_bare_per_s", round(bare))
    tell("log.batched_recorded_per_s", round(statistics.median(recorded)), of_bare=ratio(recorded, verified))
    tell("log.batched_receipted_per_s", round(statistics.median(receipted)), of_bare=ratio(receipted, verified))


def record_batch(built: House, made: list[pb.SetLegalHoldRequest]) -> None:
    with built.host.engine.begin() as connection:
        call = call_of(built, connection)
        register(call, [stated(call, one) for one in made])
    built.host.bus.publish(WAKE_SEQUENCER)


def verify(made: list[pb.SetLegalHoldRequest], spki: bytes) -> None:
    for request in made:
        parts = cose.parse(request.statement)
        keys.verify(
            spki, keys.ED25519, cose._signed_bytes(parts.protected_bytes, parts.payload or b""), parts.signature
        )


def unary(built: House) -> None:
    count = int(600 * SCALE)
    rates: dict[str, list[float]] = {"empty": [], "stated": []}
    with (
        process(built, "worker"),
        process(built, "api", "empty") as empty,
        process(built, "api", "stated") as stated,
        client(built, empty["port"]) as of_empty,
        client(built, stated["port"]) as of_stated,
        ThreadPoolExecutor(16) as pool,
    ):
        for _ in range(RUNS):
            for name, asked in (("empty", of_empty), ("stated", of_stated)):
                made = requests(count, built.settings)
                rates[name].append(count / timed(partial(all_called, pool, asked, made)))
    tell("log.unary_empty_per_s", round(statistics.median(rates["empty"])), callers=16)
    tell(
        "log.unary_stated_per_s", round(statistics.median(rates["stated"])), callers=16,
        of_empty=ratio(rates["stated"], rates["empty"]),
    )  # fmt: skip


def all_called(pool: ThreadPoolExecutor, asked: Client, made: list[pb.SetLegalHoldRequest]) -> None:
    list(pool.map(lambda request: asked.call(METHOD, request), made))


def receipts(built: House) -> None:
    with process(built, "worker"), process(built, "api", "stated") as api, client(built, api["port"]) as asked:
        for callers in (1, 16, 256):
            each = max(1, int((20 if callers == 1 else 48 / callers + 1) * SCALE))
            runs = [latencies(built, asked, callers, each) for _ in range(RUNS)]
            p50, p99 = (statistics.median(quantile(run, q) for run in runs) for q in (0.5, 0.99))
            tell("log.receipt_ms", callers=callers, p50=round(p50 * 1e3), p99=round(p99 * 1e3), calls=callers * each)


def latencies(built: House, asked: Client, callers: int, each: int) -> list[float]:
    """Seconds from the call to the receipt, of every call; all callers begin at once."""
    made = iter(requests(callers * each, built.settings))
    work = [[next(made) for _ in range(each)] for _ in range(callers)]
    found: list[float] = []
    ready = threading.Barrier(callers)

    def caller(mine: list[pb.SetLegalHoldRequest]) -> None:
        ready.wait()
        for request in mine:
            began = time.perf_counter()
            answer = asked.call(METHOD, request)
            receipt(asked, answer.registered.digest)
            found.append(time.perf_counter() - began)

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(caller, work))
    return found


def receipt(asked: Client, digest: bytes) -> None:
    """Ask until it is there, ever less often, as ``Client.receipt`` does."""
    asked.call(f"{SERVICE}/GetReceipt", pb.GetReceiptRequest(registration_digest=digest))


def leaf(built: House) -> None:
    """A synthetic log has the tiles of its right edge, which are all that sequencing reads."""
    keeper = traceability.keeper_of(built.settings)
    fill_rows(built)
    with built.host.engine.begin() as connection:
        connection.execute(text("UPDATE runtime_leases SET until = '-infinity'"))
    together = max(50, int(200 * SCALE))
    for size in SIZES:
        costs = []
        for run in range(RUNS):
            set_size(built, size)
            add_waiting(built, f"{size}-{run}", together)
            sequencer = Sequencer(built.host.engine, keeper, "bench")
            lease = sequencer.lease()
            assert lease is not None
            costs.append(timed(partial(sequencer.run, lease)) / together)
            assert not sequencer.run(lease), "all of it was one batch"
        tell("log.leaf_us", round(statistics.median(costs) * 1e6, 1), size=size, path=size.bit_length(), batch=together)


def set_size(built: House, size: int) -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    for level in range(8):
        hashes = size >> 8 * level
        for n in {hashes // 256, max(0, hashes // 256 - 1)}:
            width = min(256, hashes - n * 256)
            if width > 0:
                tiles[level, n] = b"".join(hash_at(level, n * 256 + place) for place in range(width))
    tree = Tree(0, (), lambda level, n: tiles.get((level, n), b""))
    head_range = [bytes(one) for one in proof.range_hashes(size, tree.hash_of)]
    with built.host.engine.begin() as connection:
        connection.execute(text("DELETE FROM traceability_tiles"))
        connection.execute(text("DELETE FROM traceability_registrations WHERE subject LIKE 'waiting/%'"))
        log_store.write_tiles(connection, tiles)
        connection.execute(
            text("UPDATE traceability_log SET size = :size, range = :range, frozen = NULL"),
            {"size": size, "range": head_range},
        )


def hash_at(level: int, index: int) -> bytes:
    return hashlib.sha256(f"{level}/{index}".encode()).digest()


def fill_rows(built: House) -> None:
    """Registrations that have their leaves, so that the indexes are as deep as they would be."""
    with built.host.engine.begin() as connection:
        connection.execute(text("DELETE FROM traceability_registrations"))
        connection.execute(
            text(
                "INSERT INTO traceability_registrations"
                " (digest, subject, seq, kind, registration, statement_digest, leaf_index, receipt)"
                " SELECT sha256(int8send(i)), 'waybill/' || i, 1, 'waybill.issue', decode(repeat('00', 300), 'hex'),"
                "  sha256(int8send(-i)), -i, decode(repeat('00', 900), 'hex') FROM generate_series(1, :rows) AS i"
            ),
            {"rows": ROWS},
        )
    with built.host.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE traceability_registrations"))


def add_waiting(built: House, name: str, count: int) -> None:
    with built.host.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO traceability_registrations (digest, subject, seq, kind, registration, statement_digest)"
                " SELECT sha256(convert_to(:name || i, 'UTF8')), 'waiting/' || i, 1, 'waybill.issue', '',"
                "  sha256(convert_to(i || :name, 'UTF8')) FROM generate_series(1, :count) AS i"
            ),
            {"name": f"{name}-", "count": count},
        )


def size_of_it(built: House) -> None:
    """What a leaf takes, in the database with its statement and in the public files."""
    with built.host.engine.connect() as connection:
        leaves = connection.execute(text("SELECT size FROM traceability_log")).scalar_one()
        taken = connection.execute(
            text(
                "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(ARRAY['traceability_registrations',"
                " 'traceability_statements', 'traceability_subjects', 'traceability_tiles']) AS name"
            )
        ).scalar_one()
    public = sum(34 + 32 * 256 / 255 for _ in range(leaves)) / leaves
    tell(
        "log.bytes_per_million_leaves",
        database=round(int(taken) / leaves * 1e6),
        public=round(public * 1e6),
        leaves=leaves,
    )


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ratio(ours: list[float], base: list[float]) -> float:
    """The median of the ratios of each run to the baseline beside it."""
    return round(statistics.median(one / other for one, other in zip(ours, base, strict=True)), 2)


def main() -> None:
    wanted = os.environ.get("HAZWAY_BENCH_ONLY", "batched unary receipts size leaf").split()
    parts: dict[str, Callable[[House], None]] = {
        "batched": batched, "unary": unary, "receipts": receipts, "size": size_of_it, "leaf": leaf,
    }  # fmt: skip
    with house() as built:
        for name in wanted:
            parts[name](built)


if __name__ == "__main__":
    main()
