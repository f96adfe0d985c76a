"""The tables of outages and of who fell silent with them; only ``outages`` and ``outage_desk`` write through here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, text

from services.monitoring.engine.plain import alarm_from_plain
from services.monitoring.model import Alarm

Key = tuple[str, int]  # carrier, and the last minute its gateway was heard of


class Fate(IntEnum):
    SILENT = 0
    BACK = 1  # heard again
    NAMED = 2  # told by itself
    NEVER = 3  # withdrawn: it was not silent


@dataclass(frozen=True, slots=True)
class Outage:
    """``said`` is what its alarm said last, at ``revision``; ``fates`` how many vehicles came to which."""

    key: Key
    revision: int
    said: Mapping[str, str]
    fates: Mapping[Fate, int]


def fates_of(connection: Connection, alarm_ids: Collection[str]) -> dict[str, tuple[Key, Fate]]:
    """Of those of these alarms that were held back, under which outage, and what has become of it; that stays so until the
    transaction ends."""
    rows = connection.execute(
        text(
            "SELECT alarm_id, carrier_id, begun_minute, fate FROM monitoring_silent WHERE alarm_id = ANY(:ids)"
            " ORDER BY alarm_id FOR UPDATE"
        ),
        {"ids": list(alarm_ids)},
    )
    return {row.alarm_id: ((row.carrier_id, row.begun_minute), Fate(row.fate)) for row in rows}


def keep(connection: Connection, silent: Sequence[tuple[Key, Alarm, Fate]], due_at: datetime) -> None:
    """Note these alarms down, each under its outage, which is to be looked at by then."""
    if not silent:
        return
    keys = sorted(
        {key for key, _, _ in silent}
    )  # in one order everywhere: two workers never wait for each other in a circle
    outages = {"carriers": [key[0] for key in keys], "minutes": [key[1] for key in keys], "due_at": due_at}
    connection.execute(
        text(
            "INSERT INTO monitoring_outages (carrier_id, begun_minute, due_at)"
            " SELECT *, :due_at FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[])) ON CONFLICT DO NOTHING"
        ),
        outages,
    )
    connection.execute(  # of most there is nothing to change, and nobody waits for whoever has just noted down his
        text(
            "UPDATE monitoring_outages AS o SET is_over = false, due_at = least(o.due_at, :due_at)"
            " FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[])) AS g (carrier_id, minute)"
            " WHERE o.carrier_id = g.carrier_id AND o.begun_minute = g.minute AND (o.is_over OR o.due_at > :due_at)"
        ),
        outages,
    )
    connection.execute(
        text(
            "INSERT INTO monitoring_silent (alarm_id, carrier_id, begun_minute, vehicle, fate)"
            " SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:carriers AS text[]), CAST(:minutes AS bigint[]), CAST(:vehicles AS int[]),"
            "  CAST(:fates AS smallint[])) ON CONFLICT (alarm_id) DO UPDATE SET fate = EXCLUDED.fate"
        ),
        {
            "ids": [alarm.id for _, alarm, _ in silent],
            "carriers": [key[0] for key, _, _ in silent],
            "minutes": [key[1] for key, _, _ in silent],
            "vehicles": [alarm.vehicle for _, alarm, _ in silent],
            "fates": [int(fate) for _, _, fate in silent],
        },
    )


def due(connection: Connection, now: datetime, most: int) -> list[Outage]:
    """The outages to be looked at by now, the longest due first; nobody else looks at them before the transaction ends."""
    rows = connection.execute(
        text(
            "WITH due AS (SELECT * FROM monitoring_outages WHERE NOT is_over AND due_at <= :now ORDER BY due_at, carrier_id, begun_minute"
            "  LIMIT :most FOR UPDATE SKIP LOCKED)"
            " SELECT d.carrier_id, d.begun_minute, d.revision, d.said, f.fates FROM due AS d, LATERAL ("
            "  SELECT jsonb_object_agg(fate, many) AS fates FROM (SELECT fate, count(*) AS many FROM monitoring_silent AS s"
            "   WHERE s.carrier_id = d.carrier_id AND s.begun_minute = d.begun_minute GROUP BY fate) AS g) AS f"
        ),
        {"now": now, "most": most},
    )
    return [
        Outage(
            (row.carrier_id, row.begun_minute),
            row.revision,
            row.said or {},
            {Fate(int(fate)): many for fate, many in (row.fates or {}).items()},
        )
        for row in rows
    ]


def silent_in(
    connection: Connection, keys: Iterable[Key], fates: Collection[Fate], most: int
) -> dict[Key, list[Alarm]]:
    """The alarms held back under each of these outages that came to these fates, as told last; at most so many of each, and none of which
    something is being said at this moment."""
    rows = connection.execute(
        text(
            "SELECT k.carrier_id, k.minute, a.alarm FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[])) AS k (carrier_id, minute),"
            " LATERAL (SELECT t.alarm FROM monitoring_silent AS s JOIN monitoring_told AS t ON t.id = s.alarm_id"
            "  WHERE s.carrier_id = k.carrier_id AND s.begun_minute = k.minute AND s.fate = ANY(:fates) ORDER BY s.alarm_id LIMIT :most FOR UPDATE OF s SKIP LOCKED) AS a"
        ),
        {**_columns(keys), "fates": [int(fate) for fate in fates], "most": most},
    )
    found: dict[Key, list[Alarm]] = {}
    for row in rows:
        found.setdefault((row.carrier_id, row.minute), []).append(alarm_from_plain(row.alarm))
    return found


def missing_in(connection: Connection, keys: Iterable[Key], most: int) -> dict[Key, tuple[list[str], str]]:
    """Of each of these outages the vehicles that have not been heard again, at most so many, and the division most of all are of."""
    rows = connection.execute(
        text(
            "SELECT k.carrier_id, k.minute, d.division, coalesce(m.ids, '{}') AS ids"
            " FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[])) AS k (carrier_id, minute),"
            " LATERAL (SELECT mode() WITHIN GROUP (ORDER BY v.division) AS division FROM monitoring_silent AS s"
            "  JOIN monitoring_vehicles AS v ON v.number = s.vehicle WHERE s.carrier_id = k.carrier_id AND s.begun_minute = k.minute) AS d,"
            " LATERAL (SELECT array_agg(vehicle_id ORDER BY vehicle_id) AS ids FROM (SELECT v.vehicle_id FROM monitoring_silent AS s"
            "  JOIN monitoring_vehicles AS v ON v.number = s.vehicle WHERE s.carrier_id = k.carrier_id AND s.begun_minute = k.minute"
            "  AND s.fate IN (0, 2) ORDER BY v.vehicle_id LIMIT :most) AS g) AS m"
        ),
        {**_columns(keys), "most": most},
    )
    return {(row.carrier_id, row.minute): (row.ids, row.division or "") for row in rows}


def name(connection: Connection, alarm_ids: Collection[str]) -> None:
    """These alarms are told by themselves from now on."""
    connection.execute(
        text("UPDATE monitoring_silent SET fate = :named WHERE alarm_id = ANY(:ids)"),
        {"named": int(Fate.NAMED), "ids": list(alarm_ids)},
    )


def looked_at(
    connection: Connection,
    keys: Sequence[Key],
    *,
    due: Sequence[datetime | None],
    said: Sequence[Mapping[str, str] | None],
) -> None:
    """What was decided of each outage: when it is to be looked at again, ``None`` when it is over, and what its alarm says now,
    ``None`` when nothing new."""
    connection.execute(
        text(
            "UPDATE monitoring_outages AS o SET is_over = g.due_at IS NULL, due_at = coalesce(g.due_at, o.due_at),"
            "  revision = o.revision + CAST(g.said IS NOT NULL AS int), said = coalesce(CAST(g.said AS jsonb), o.said)"
            " FROM unnest(CAST(:carriers AS text[]), CAST(:minutes AS bigint[]), CAST(:due AS timestamptz[]), CAST(:said AS text[]))"
            "  AS g (carrier_id, minute, due_at, said) WHERE o.carrier_id = g.carrier_id AND o.begun_minute = g.minute"
        ),
        {**_columns(keys), "due": list(due), "said": [None if one is None else json.dumps(one) for one in said]},
    )


def forget(connection: Connection, before_minute: int) -> None:
    """Of outages that began before then nothing can change any more."""
    for table in ("silent", "outages"):
        connection.execute(
            text(f"DELETE FROM monitoring_{table} WHERE begun_minute < :before"), {"before": before_minute}
        )


def _columns(keys: Iterable[Key]) -> dict[str, list[Any]]:
    pairs = list(keys)
    return {"carriers": [carrier for carrier, _ in pairs], "minutes": [minute for _, minute in pairs]}
