"""What judging late fixes needs: facts as taken in, alarms as told, and who is to be judged anew."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from services.monitoring.engine.plain import alarm_from_plain, alarm_to_plain
from services.monitoring.facts import Fact, PassFact, decode
from services.monitoring.log_store import Kind
from services.monitoring.model import Alarm, AlarmWithdrawn, NeedsHistory, alarm_fields


class Stage(IntEnum):
    """Who finds an alarm: what looks at one vehicle, at neighbours in a place, or at what one person drove."""

    VEHICLE = 0
    PLACE = 1
    PERSON = 2


def keep_facts(connection: Connection, facts: Sequence[tuple[int, int, Fact]]) -> None:
    """Keep (shard, seq, fact) of the facts detection has just taken in."""
    if not facts:
        return
    connection.execute(
        text(
            "INSERT INTO monitoring_facts (vehicle, shard, seq, kind, at_ms, body)"
            " SELECT * FROM unnest(CAST(:vehicles AS int[]), CAST(:shards AS smallint[]), CAST(:seqs AS bigint[]),"
            "  CAST(:kinds AS smallint[]), CAST(:ats AS bigint[]), CAST(:bodies AS bytea[])) ON CONFLICT DO NOTHING"
        ),
        {
            "vehicles": [fact.vehicle for _, _, fact in facts],
            "shards": [shard for shard, _, _ in facts],
            "seqs": [seq for _, seq, _ in facts],
            "kinds": [int(Kind.PASSES if isinstance(fact, PassFact) else Kind.TRIP) for _, _, fact in facts],
            "ats": [fact.at_ms for _, _, fact in facts],
            "bodies": [fact.encode() for _, _, fact in facts],
        },
    )


def facts_since(connection: Connection, vehicles: Collection[int], since_ms: int) -> dict[int, list[Fact]]:
    """Each vehicle's facts since then, and the one of each kind in force before, in the order they were taken in."""
    rows = connection.execute(
        text(
            "SELECT vehicle, body FROM monitoring_facts AS f WHERE vehicle = ANY(:vehicles) AND at_ms >= coalesce("
            " (SELECT max(at_ms) FROM monitoring_facts WHERE vehicle = f.vehicle AND kind = f.kind AND at_ms < :since),"
            " :since) ORDER BY vehicle, seq"
        ),
        {"vehicles": list(vehicles), "since": since_ms},
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


def told_since(connection: Connection, vehicles: Collection[int], since_ms: int) -> dict[int, list[Alarm]]:
    """Each vehicle's alarms that occurred since then or have not ended, as last told."""
    rows = connection.execute(
        text(
            "SELECT withdrawn, alarm FROM monitoring_told WHERE stage = 0 AND vehicle = ANY(:vehicles)"
            " AND (occurred_ms >= :since OR alarm->>9 IS NULL AND NOT withdrawn) ORDER BY occurred_ms, id"
        ),
        {"vehicles": list(vehicles), "since": since_ms},
    )
    found: dict[int, list[Alarm]] = defaultdict(list)
    for alarm in _alarms(rows):
        found[alarm.vehicle].append(alarm)
    return found


def open_since(connection: Connection, vehicles: Collection[int]) -> dict[int, int]:
    """When the oldest alarm of each vehicle that has not ended occurred."""
    rows = connection.execute(
        text(
            "SELECT vehicle, min(occurred_ms) AS since FROM monitoring_told WHERE stage = 0 AND vehicle = ANY(:vehicles)"
            " AND alarm->>9 IS NULL AND NOT withdrawn GROUP BY vehicle"
        ),
        {"vehicles": list(vehicles)},
    )
    return {row.vehicle: row.since for row in rows}


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


def ask(connection: Connection, needs: Iterable[tuple[int, NeedsHistory]]) -> None:
    """Note (shard, need): the vehicle is to be judged anew, from the earliest moment anything asks for."""
    earliest: dict[int, tuple[int, int]] = {}
    for shard, need in needs:
        known = earliest.get(need.vehicle)
        earliest[need.vehicle] = (shard, need.from_ms if known is None else min(known[1], need.from_ms))
    if not earliest:
        return
    connection.execute(
        text(
            "INSERT INTO monitoring_late AS l (vehicle, shard, from_ms)"
            " SELECT * FROM unnest(CAST(:vehicles AS int[]), CAST(:shards AS smallint[]), CAST(:froms AS bigint[]))"
            " ON CONFLICT (vehicle) DO UPDATE SET from_ms = least(l.from_ms, EXCLUDED.from_ms)"
        ),
        {
            "vehicles": list(earliest),
            "shards": [shard for shard, _ in earliest.values()],
            "froms": [from_ms for _, from_ms in earliest.values()],
        },
    )


def asked(connection: Connection, shards: Collection[int]) -> dict[int, dict[int, int]]:
    """Of each shard, the vehicles to be judged anew, and from when on."""
    rows = connection.execute(
        text("SELECT shard, vehicle, from_ms FROM monitoring_late WHERE shard = ANY(:shards) ORDER BY shard, vehicle"),
        {"shards": list(shards)},
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row.shard][row.vehicle] = row.from_ms
    return found


def answered(connection: Connection, done: Mapping[int, int]) -> None:
    """These vehicles have been judged anew from these moments on."""
    connection.execute(
        text(
            "DELETE FROM monitoring_late AS l USING unnest(CAST(:vehicles AS int[]), CAST(:froms AS bigint[]))"
            " AS d (vehicle, from_ms) WHERE l.vehicle = d.vehicle AND l.from_ms >= d.from_ms"
        ),
        {"vehicles": list(done), "froms": list(done.values())},
    )
