"""Vehicles that fall silent with the link of their carrier: one alarm for the link, and single ones for those that do not come back.

A platform or a network that is down for an hour makes hundreds of thousands of vehicles silent at once, of which nobody can look into
each. So an ordinary OFFLINE alarm is held back when nothing at all was heard of the carrier's gateway since then. Held back is only
the telling: what was found is kept as it is, late fixes amend it, and the link's alarm counts it. Alarms of dangers of which each must
be known by itself are grave, and told at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.monitoring import links, outages_store
from services.monitoring.model import Alarm, AlarmKind, AlarmRaised, AlarmWithdrawn, Severity
from services.monitoring.outages_store import Fate, Outage
from services.monitoring.vehicles import Vehicle

FEWEST = 3  # vehicles: fewer are told one by one
GATHERED = timedelta(seconds=20)  # all shards have said who is silent
_SAID_EVERY = timedelta(minutes=1)
_COMING_BACK = timedelta(minutes=10)  # who has not been heard by then is silent by itself
_MINUTE_MS, _LEGAL_MS = 60_000, 8 * 3_600_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """``name``: tell those with these fates by themselves; ``say``: the link's alarm as it is now, ``None`` when nothing is new;
    ``due_at``: when to look again, ``None`` when all is told."""

    name: Collection[Fate] = ()
    say: Mapping[str, str] | None = None
    due_at: datetime | None = None


def judge(outage: Outage, heard_at: datetime | None, now: datetime) -> Verdict:
    """What is to be told of an outage as it stands; ``heard_at`` is when the gateway was heard of again."""
    silent, back, named = (outage.fates.get(fate, 0) for fate in (Fate.SILENT, Fate.BACK, Fate.NAMED))
    again_at = now + _SAID_EVERY
    if not outage.revision and silent + back + named < FEWEST:
        return Verdict(name=(Fate.SILENT, Fate.BACK), due_at=again_at if silent + back else None)
    name: tuple[Fate, ...] = ()
    due_at: datetime | None = again_at
    if heard_at is not None and heard_at + _COMING_BACK <= now:
        # Over only when a second look finds nobody left: whoever was just being noted down is seen by it.
        name, due_at = (Fate.SILENT,), again_at if silent else None
        silent, named = 0, named + silent
    counts = {"vehicles": silent + back + named, "silent": silent, "back": back, "named": named}
    if heard_at is not None:
        counts["heard_ms"] = round(heard_at.timestamp() * 1000)
    say = {what: str(many) for what, many in counts.items()}
    return Verdict(name, None if say == outage.said else say, due_at)


def held_back(
    connection: Connection, said: Sequence[Alarm], known: Mapping[int, Vehicle], now: datetime
) -> list[Alarm]:
    """Keep what vehicles silent with their links have to say, and return the rest, which is for the desk."""
    ours = [one for one in said if one.kind is AlarmKind.OFFLINE]
    if not ours:
        return list(said)
    held = outages_store.fates_of(connection, {one.id for one in ours})
    new = {one.id: _asked(one, known) for one in ours if one.id not in held and _may_wait(one)}
    silent = links.silent_since(connection, set(new.values())) if new else {}
    for ident, asked in new.items():
        if asked in silent:
            held[ident] = (asked[0], silent[asked]), Fate.SILENT
    news: dict[str, tuple[outages_store.Key, Alarm, Fate]] = {}
    desk: list[Alarm] = []
    for one in said:
        key, fate = held.get(one.id, (None, Fate.NAMED))
        if key is None or fate is Fate.NAMED:
            desk.append(one)
        else:
            news[one.id] = key, one, _fate(one)
    outages_store.keep(connection, list(news.values()), now + GATHERED)
    return desk


def _may_wait(alarm: Alarm) -> bool:
    return isinstance(alarm, AlarmRaised) and alarm.revision == 1 and alarm.severity is Severity.ORDINARY


def _asked(alarm: Alarm, known: Mapping[int, Vehicle]) -> tuple[str, int]:
    """Whose link may have been down, since which minute."""
    return alarm.carrier_id or known[alarm.vehicle].carrier_id, (alarm.occurred_ms + _LEGAL_MS) // _MINUTE_MS


def _fate(alarm: Alarm) -> Fate:
    if isinstance(alarm, AlarmWithdrawn):
        return Fate.NEVER
    return Fate.SILENT if alarm.ended_ms is None else Fate.BACK
