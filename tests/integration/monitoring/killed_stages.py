"""A program that plays workers being killed: two real processes work off the logs of a copied database at once, each dies by SIGKILL
at any statement or moment, or is frozen and wakes up still believing that its shards are its own. Then everything is compared
with what came of the same logs where nobody died.

Seeds with an odd number are about second stages alone: first stages are through before anybody dies. What is told then depends on no
moment, and the log must hold entry for entry what it holds where nobody died. With the others each alarm may be amended oftener or
less often, but its last entry is the same, and none says what the one before has said.

``python -m tests.integration.monitoring.killed_stages SERVER TEMPLATE REDIS HOME FIRST COUNT`` prints one JSON line a seed, and exits
1 at the first seed that ends in anything else. It forks, so it has no threads of its own.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url, text

from hazway import cbor, registration, statement
from services import assembly
from services.monitoring import second_stage, shares, worker
from services.monitoring.log_store import PERSON_SHARDS, VEHICLE_SHARDS
from services.runtime import database
from services.runtime.host import open_host
from services.runtime.loops import run_loops
from services.runtime.settings import Settings
from tests.servers import fresh_database

PATIENCE_S = 120.0
STAGES = ("detection", "neighbours")
MOST_DEATHS = 4  # of one seed; who comes later lives

_DONE = (
    "SELECT NOT EXISTS (SELECT FROM monitoring_cursors JOIN monitoring_shards USING (shard)"
    "  WHERE cursor < last_seq AND shard <= :last)"
    " AND NOT EXISTS (SELECT FROM monitoring_late)"
)
_WHAT_STANDS = (
    "SELECT kind, vehicle_id, cause, occurred_at::text, ended_at::text, waybill_id, severity, evidence, text_zh"
    " FROM alarms_alarms WHERE state <> 'WITHDRAWN'",
    "SELECT * FROM monitoring_stands",
    "SELECT * FROM monitoring_driven",
    f"SELECT DISTINCT shard, kind FROM monitoring_log WHERE shard > {VEHICLE_SHARDS[-1]}",
)
_ENTRIES = (
    "SELECT statement, registration, r.digest FROM traceability_registrations AS r"
    " JOIN traceability_statements AS s ON s.digest = r.statement_digest ORDER BY r.subject, r.seq"
)
_TOLD = (
    "SELECT a.id, a.revision, t.revision AS told, a.state = 'WITHDRAWN' AS is_withdrawn, t.withdrawn"
    " FROM alarms_alarms AS a FULL JOIN monitoring_told AS t USING (id)"
)


_WRITTEN = ("monitoring_told", "monitoring_stands", "monitoring_driven", "alarms_alarms")
_NOTE_WRITES = "; ".join(
    (
        "CREATE TABLE killed_writes (transaction xid8, moves bool, PRIMARY KEY (transaction, moves))",
        "CREATE FUNCTION killed_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO killed_writes"
        " VALUES (pg_current_xact_id(), TG_TABLE_NAME = 'monitoring_cursors') ON CONFLICT DO NOTHING; RETURN NULL; END $$",
        *(
            f"CREATE TRIGGER killed_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION killed_note()"
            for table in (*_WRITTEN, "monitoring_cursors")
        ),
    )
)
_WRITTEN_BY_WHO_HELD_NOTHING = (
    "SELECT count(*) FROM killed_writes AS w WHERE NOT moves AND NOT EXISTS"
    " (SELECT FROM killed_writes WHERE transaction = w.transaction AND moves)"
)


@dataclass
class Fate:
    """How a worker ends: at which of its statements and commits it is killed, or before which transaction or commit it is frozen, with
    what it is about to write in its hands or its locks held; never, where it is 0."""

    killed_at: int = 0
    frozen_at: int = 0
    rows: int = 50

    @classmethod
    def by(cls, chance: random.Random, stages: tuple[str, ...], *, mortal: bool) -> Fate:
        alone = STAGES[0] not in stages  # then there is little to do
        rows = chance.choice([1, 2] if alone else [2, 10, 50])
        if not mortal:
            return cls(rows=rows)
        if chance.random() < 0.5:
            return cls(frozen_at=chance.randint(2, 24) if alone else chance.randint(10, 80), rows=rows)
        return cls(killed_at=chance.randint(8, 60 if alone else 200), rows=rows)


@dataclass
class Told:
    """How often workers were killed and frozen."""

    killed: int = 0
    frozen: int = 0
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What stands in the end, and by alarm the entries of the log about it, in order; nothing of it says when, or who wrote it."""

    stands: list[list[str]]
    entries: dict[str, list[dict[str, Any]]]

    def last_words(self) -> list[str]:
        """The last entry about each alarm that stands, but for its id, which follows from how it was first known, and its revision."""
        last = [entries[-1]["body"] for entries in self.entries.values()]
        return sorted(
            str(sorted((name, value) for name, value in body.items() if name not in ("alarm_id", "revision")))
            for body in last
            if body["alarm_state"] != "WITHDRAWN"
        )


def live(settings: Settings, stages: tuple[str, ...], fate: Fate) -> None:
    """Work as a worker does until nothing is left to do for these stages, or until the fate."""
    worker._MOST_OF_A_SHARD = second_stage._MOST_ROWS = fate.rows
    worker._LATE_S, worker._SNAPSHOT_S, shares._RENEW_S = 0.1, 0.5, 0.1
    database._FROZEN_S = 1  # so that the database ends some of those that are frozen in the middle of a transaction
    host, stopped = open_host(settings), threading.Event()
    steps: Counter[int] = Counter()

    def strike(blow: signal.Signals, at: int) -> Callable[..., None]:
        def count(*_: object) -> None:
            steps[blow] += 1
            if steps[blow] == at:
                os.kill(os.getpid(), blow)

        return count

    def watch() -> None:
        looking = create_engine(settings.database_url, poolclass=NullPool)
        while not is_done(looking, stages):
            time.sleep(0.05)
        stopped.set()

    loops = [dataclasses.replace(loop, every_s=0.02) for loop in assembly.worker_loops(host) if loop.name in stages]
    for name in ("before_cursor_execute", "commit"):
        event.listen(host.engine, name, strike(signal.SIGKILL, fate.killed_at))
    for name in ("begin", "commit"):
        event.listen(host.engine, name, strike(signal.SIGSTOP, fate.frozen_at))
    threading.Thread(target=watch, daemon=True).start()
    run_loops(loops, host.bus, stopped)


def is_done(engine: Engine, stages: tuple[str, ...]) -> bool:
    """Whether these stages have worked off everything there is for them; a second one has all first ones before it."""
    shards = PERSON_SHARDS if "neighbours" in stages else VEHICLE_SHARDS
    with engine.connect() as connection:
        return bool(connection.execute(text(_DONE), {"last": shards[-1]}).scalar_one())


def expire_leases(engine: Engine) -> None:
    """As if whoever held them had been away for longer than its lease runs. A frozen worker may hold the rows themselves: then nobody
    gets those shards before it wakes up, or dies."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM monitoring_workers WHERE holder IN"
                " (SELECT holder FROM monitoring_workers FOR UPDATE SKIP LOCKED)"
            )
        )
        connection.execute(
            text(
                "UPDATE monitoring_cursors SET until = '-infinity' WHERE shard IN"
                " (SELECT shard FROM monitoring_cursors FOR UPDATE SKIP LOCKED)"
            )
        )


def fork(settings: Settings, stages: tuple[str, ...], fate: Fate) -> int:
    child = os.fork()
    if child == 0:
        try:
            live(settings, stages, fate)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return child


def work_off(
    settings: Settings, engine: Engine, stages: tuple[str, ...], chance: random.Random, *, workers: int, mortal: bool
) -> Told:
    """Until nothing is left to do. Who is killed is replaced; while somebody is frozen, or dead, the others may take over."""
    told = Told()
    team = {fork(settings, stages, Fate.by(chance, stages, mortal=mortal)) for _ in range(workers)}
    deadline = time.monotonic() + PATIENCE_S
    next_blow = time.monotonic() + chance.uniform(0.2, 2.0)
    try:
        while team:
            assert time.monotonic() < deadline, "never came to an end"
            if mortal and told.killed < MOST_DEATHS and time.monotonic() > next_blow:
                os.kill(chance.choice(sorted(team)), signal.SIGKILL)  # at any moment, not at a statement
                next_blow = time.monotonic() + chance.uniform(0.2, 2.0)
            child, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if child == 0:
                time.sleep(0.005)
            elif os.WIFSTOPPED(status):
                told.frozen += 1
                expire_leases(engine)
                time.sleep(chance.choice([0.2, 1.0, 2.5]))  # meanwhile the other takes over, and comes farther
                os.kill(child, chance.choice([signal.SIGCONT, signal.SIGCONT, signal.SIGKILL]))
            elif os.WIFSIGNALED(status):
                told.killed += 1
                team.discard(child)
                expire_leases(engine)
                if not is_done(engine, stages):
                    team.add(fork(settings, stages, Fate.by(chance, stages, mortal=told.killed < MOST_DEATHS)))
            else:
                assert os.WEXITSTATUS(status) == 0
                team.discard(child)
    finally:
        for child in team:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert is_done(engine, stages)
    return told


def outcome(engine: Engine) -> Outcome:
    """What came of it. Each revision of each alarm was stated, and once, and each link of each chain follows the one before."""
    with engine.connect() as connection:
        assert connection.execute(text(_WRITTEN_BY_WHO_HELD_NOTHING)).scalar_one() == 0, (
            "written without a shard's token"
        )
        due: Counter[tuple[str, int]] = Counter()
        for row in connection.execute(text(_TOLD)):
            assert (row.revision, row.is_withdrawn) == (row.told, row.withdrawn), row
            due.update((row.id, number) for number in range(1, row.revision + 1))
        entries = entries_of(connection)
        stated = Counter((alarm, entry["body"]["revision"]) for alarm, some in entries.items() for entry in some)
        assert stated == due
        return Outcome(
            [sorted(map(str, connection.execute(text(query)).all())) for query in _WHAT_STANDS],
            entries,
        )


def entries_of(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """By alarm what the log says of it, in the order it says it, without what differs from hour to hour."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    last: dict[str, tuple[int, bytes]] = {}
    for row in connection.execute(text(_ENTRIES)):
        link, said = cbor.loads(bytes(row.registration)), statement.parse_unverified(bytes(row.statement))
        seq, before = last.get(said.subject, (0, None))
        assert (link["subject"], link["seq"], link["prev"]) == (said.subject, seq + 1, before)
        assert (link["statement"], registration.digest(bytes(row.registration))) == (said.digest, bytes(row.digest))
        last[said.subject] = link["seq"], bytes(row.digest)
        if said.kind.startswith("alarm."):
            found[said.body["alarm_id"]].append(
                {
                    "issuer": said.issuer, "subject": said.subject, "kind": said.kind, "request_id": said.request_id,
                    "custodial": said.custodial, "text_sha256": said.text_sha256.hex(), "body": said.body,
                    "number": link["number"], "decision": link["decision"],
                }
            )  # fmt: skip
    for entries in found.values():
        for one, other in pairwise(entry["body"] for entry in entries):
            assert other["revision"] == one["revision"] + 1, (one, other)
            assert {**one, "revision": 0} != {**other, "revision": 0}, f"said twice: {other}"
    return found


def note_writes(server: str, database: str) -> None:
    """Let this database, and what is copied from it, note which transactions write what."""
    engine = create_engine(make_url(server).set(database=database), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(_NOTE_WRITES)


@contextmanager
def copied(server: str, template: str) -> Iterator[tuple[str, Engine]]:
    with fresh_database(server, template) as url:
        engine = create_engine(url, poolclass=NullPool)
        expire_leases(engine)
        yield url, engine


def _tell(**line: Any) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main(server: str, template: str, redis: str, home: str, first: int, count: int) -> int:
    def settings(url: str) -> Settings:
        return Settings(home=Path(home), database_url=url, redis_url=redis)

    def undisturbed(stages: tuple[str, ...], url: str, engine: Engine) -> None:
        work_off(settings(url), engine, stages, random.Random(0), workers=1, mortal=False)

    note_writes(server, template)
    with ExitStack() as kept:
        between, engine = kept.enter_context(copied(server, template))
        undisturbed(STAGES[:1], between, engine)
        expected: dict[bool, Outcome] = {}
        # Of the second stages alone the first ones' work is the beginning.
        starts = {False: (template, STAGES), True: (make_url(between).database or "", STAGES[1:])}
        for alone, (start, stages) in starts.items():
            with copied(server, start) as (url, engine):
                undisturbed(stages, url, engine)
                expected[alone] = outcome(engine)
        assert expected[True].stands == expected[False].stands
        whole = expected[False]
        _tell(expected=[len(part) for part in whole.stands], alarms=whole.stands[0])
        for seed in range(first, first + count):
            chance, began, alone = random.Random(seed), time.monotonic(), bool(seed % 2)
            start, stages = starts[alone]
            try:
                with copied(server, start) as (url, engine):
                    told = work_off(settings(url), engine, stages, chance, workers=2, mortal=True)
                    found = outcome(engine)
                assert found.stands == expected[alone].stands
                if alone:
                    assert found.entries == expected[alone].entries
                here, there = set(expected[alone].last_words()), set(found.last_words())
                assert found.last_words() == expected[alone].last_words(), here ^ there
                _tell(
                    seed=seed, alone=alone, entries=sum(map(len, found.entries.values())), killed=told.killed,
                    frozen=told.frozen, seconds=round(time.monotonic() - began, 1),
                )  # fmt: skip
            except Exception:
                _tell(seed=seed, failed=traceback.format_exc())
                return 1
    return 0


if __name__ == "__main__":
    server, template, redis, home, first, count = sys.argv[1:]
    sys.exit(main(server, template, redis, home, int(first), int(count)))
