"""What judging late fixes needs: facts as taken in, alarms as told, and who is to be judged anew."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from services.monitoring.engine.plain import alarm_from_plain, alarm_to_plain
from services.monitoring.facts import Fact, PassFact, decode
from services.monitoring.log_store import Kind
from services.monitoring.model import Alarm, AlarmWithdrawn, alarm_fields


@dataclass(frozen=True, slots=True)
class Asked:
    """A vehicle is to be judged anew from ``from_ms`` on; what came late lies behind ``after`` in its log (``None``: in any case)."""

    from_ms: int
    after: int | None = None

    def joined(self, other: Asked | None) -> Asked:
        if other is None:
            return self
        after = None if self.after is None or other.after is None else min(self.after, other.after)
        return Asked(min(self.from_ms, other.from_ms), after)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A fact as it stands in a shard's log."""

    shard: int
    seq: int
    fact: Fact
    body: bytes


class Stage(IntEnum):
    """Who finds an alarm: what looks at one vehicle, at neighbours in a place, or at what one person drove."""

    VEHICLE = 0
    PLACE = 1
    PERSON = 2


def keep_facts(connection: Connection, facts: Sequence[TakenIn]) -> None:
    """Keep the facts detection has just taken in."""
    if not facts:
        return
    connection.execute(
        text(
            "INSERT INTO monitoring_facts (vehicle, shard, seq, kind, at_ms, body)"
            " SELECT * FROM unnest(CAST(:vehicles AS int[]), CAST(:shards AS smallint[]), CAST(:seqs AS bigint[]),"
            "  CAST(:kinds AS smallint[]), CAST(:ats AS bigint[]), CAST(:bodies AS bytea[])) ON CONFLICT DO NOTHING"
        ),
        {
            "vehicles": [one.fact.vehicle for one in facts],
            "shards": [one.shard for one in facts],
            "seqs": [one.seq for one in facts],
            "kinds": [int(Kind.PASSES if isinstance(one.fact, PassFact) else Kind.TRIP) for one in facts],
            "ats": [one.fact.at_ms for one in facts],
            "bodies": [one.body for one in facts],
        },
    )


_ASKED = "unnest(CAST(:vehicles AS int[]), CAST(:moments AS bigint[])) AS a (vehicle, since)"


def facts_since(connection: Connection, since: Mapping[int, int]) -> dict[int, list[Fact]]:
    """Each vehicle's facts since its moment, and of each kind those from the last one before that held in any case, in the order
    they were taken in: what is loaded or void may mean nothing to a vehicle on another trip, whose fact is the one before."""
    rows = connection.execute(
        text(
            f"SELECT f.vehicle, f.body FROM monitoring_facts AS f JOIN {_ASKED} USING (vehicle)"
            " WHERE f.at_ms >= coalesce((SELECT max(g.at_ms) FROM monitoring_facts AS g WHERE g.vehicle = f.vehicle"
            "  AND g.kind = f.kind AND g.at_ms < a.since"
            "  AND coalesce(CAST(convert_from(g.body, 'UTF8') AS jsonb)->>'event', '') NOT IN ('LOADED', 'VOIDED')), 0)"
            " ORDER BY f.vehicle, f.seq"
        ),
        {"vehicles": list(since), "moments": list(since.values())},
    )
    found: dict[int, list[Fact]] = defaultdict(list)
    for row in rows:
        found[row.vehicle].append(decode(row.body))
    return found


def keep_told(connection: Connection, said: Iterable[Alarm], stage: Stage = Stage.VEHICLE) -> None:
    """Remember alarms of a stage as they were told last; an earlier revision never replaces a later one."""
    newest: dict[str, Alarm] = {}
    for alarm in said:
        if alarm.id not in newest or newest[alarm.id].revision <= alarm.revision:
            newest[alarm.id] = alarm
    if not newest:
        return
    connection.execute(
        text(
            "INSERT INTO monitoring_told AS t (stage, id, vehicle, cause, occurred_ms, revision, withdrawn, alarm)"
            " SELECT :stage, * FROM unnest(CAST(:ids AS text[]), CAST(:vehicles AS int[]), CAST(:causes AS text[]),"
            "  CAST(:occurred AS bigint[]), CAST(:revisions AS int[]), CAST(:withdrawn AS bool[]), CAST(:alarms AS jsonb[]))"
            " ON CONFLICT (id) DO UPDATE SET occurred_ms = EXCLUDED.occurred_ms, revision = EXCLUDED.revision,"
            "  withdrawn = EXCLUDED.withdrawn, alarm = EXCLUDED.alarm WHERE t.revision <= EXCLUDED.revision"
        ),
        {
            "stage": int(stage),
            "ids": list(newest),
            "causes": [alarm.cause for alarm in newest.values()],
            "vehicles": [alarm.vehicle for alarm in newest.values()],
            "occurred": [alarm.occurred_ms for alarm in newest.values()],
            "revisions": [alarm.revision for alarm in newest.values()],
            "withdrawn": [isinstance(alarm, AlarmWithdrawn) for alarm in newest.values()],
            "alarms": [json.dumps(alarm_to_plain(alarm), ensure_ascii=False) for alarm in newest.values()],
        },
    )


def told_since(connection: Connection, since: Mapping[int, int]) -> dict[int, list[Alarm]]:
    """Each vehicle's alarms that occurred since its moment or have not ended, as last told."""
    rows = connection.execute(
        text(
            f"SELECT withdrawn, alarm FROM monitoring_told JOIN {_ASKED} USING (vehicle) WHERE stage = 0"
            " AND (occurred_ms >= since OR alarm->>9 IS NULL AND NOT withdrawn) ORDER BY occurred_ms, id"
        ),
        {"vehicles": list(since), "moments": list(since.values())},
    )
    found: dict[int, list[Alarm]] = defaultdict(list)
    for alarm in _alarms(rows):
        found[alarm.vehicle].append(alarm)
    return found


def begun(connection: Connection, since: Mapping[int, int]) -> dict[int, int]:
    """When the oldest alarm of each vehicle occurred that was not over before its moment, of those that have any."""
    rows = connection.execute(
        text(
            f"SELECT vehicle, min(occurred_ms) AS begun FROM monitoring_told JOIN {_ASKED} USING (vehicle)"
            " WHERE stage = 0 AND NOT withdrawn AND coalesce(CAST(alarm->>9 AS bigint) >= since, true) GROUP BY vehicle"
        ),
        {"vehicles": list(since), "moments": list(since.values())},
    )
    return {row.vehicle: row.begun for row in rows}


def told_about(
    connection: Connection, stage: Stage, causes: Collection[str], vehicles: Collection[int] = (), *, since_ms: int
) -> list[Alarm]:
    """A stage's alarms with any of these causes, or of these vehicles, that have not ended before then, as last told."""
    rows = connection.execute(
        text(
            "SELECT withdrawn, alarm FROM monitoring_told WHERE stage = :stage AND (cause = ANY(:causes) OR vehicle = ANY(:vehicles))"
            " AND coalesce(CAST(alarm->>9 AS bigint) >= :since, true) ORDER BY occurred_ms, id"
        ),
        {"stage": int(stage), "causes": list(causes), "vehicles": list(vehicles), "since": since_ms},
    )
    return list(_alarms(rows))


def _alarms(rows: Iterable[Row[Any]]) -> Iterator[Alarm]:
    for row in rows:
        alarm = alarm_from_plain(row.alarm)
        yield AlarmWithdrawn(**alarm_fields(alarm)) if row.withdrawn else alarm


def ask(connection: Connection, asked: Iterable[tuple[int, int, Asked]]) -> None:
    """Note down (shard, vehicle, what is asked): the vehicle is to be judged anew, from the earliest moment anything asks for."""
    joined: dict[tuple[int, int], Asked] = {}
    for shard, vehicle, one in asked:
        joined[vehicle, shard] = one.joined(joined.get((vehicle, shard)))
    if not joined:
        return
    connection.execute(
        text(
            "INSERT INTO monitoring_late AS l (vehicle, shard, from_ms, after_seq)"
            " SELECT * FROM unnest(CAST(:vehicles AS int[]), CAST(:shards AS smallint[]), CAST(:froms AS bigint[]),"
            "  CAST(:afters AS bigint[]))"
            " ON CONFLICT (vehicle) DO UPDATE SET from_ms = least(l.from_ms, EXCLUDED.from_ms), after_seq = CASE"
            "  WHEN l.after_seq IS NULL OR EXCLUDED.after_seq IS NULL THEN NULL ELSE least(l.after_seq, EXCLUDED.after_seq) END"
        ),
        {
            "vehicles": [vehicle for vehicle, _ in joined],
            "shards": [shard for _, shard in joined],
            "froms": [one.from_ms for one in joined.values()],
            "afters": [one.after for one in joined.values()],
        },
    )


def asked(connection: Connection, shards: Collection[int]) -> dict[int, dict[int, Asked]]:
    """Of each shard, the vehicles to be judged anew."""
    rows = connection.execute(
        text(
            "SELECT shard, vehicle, from_ms, after_seq FROM monitoring_late WHERE shard = ANY(:shards) ORDER BY shard, vehicle"
        ),
        {"shards": list(shards)},
    )
    found: dict[int, dict[int, Asked]] = defaultdict(dict)
    for row in rows:
        found[row.shard][row.vehicle] = Asked(row.from_ms, row.after_seq)
    return found


def answered(connection: Connection, done: Mapping[int, Asked]) -> None:
    """What was asked of these vehicles has been done."""
    connection.execute(
        text(
            "DELETE FROM monitoring_late AS l USING unnest(CAST(:vehicles AS int[]), CAST(:froms AS bigint[]))"
            " AS d (vehicle, from_ms) WHERE l.vehicle = d.vehicle AND l.from_ms >= d.from_ms"
        ),
        {"vehicles": list(done), "froms": [one.from_ms for one in done.values()]},
    )
