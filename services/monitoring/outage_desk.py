"""Telling of links that are down: one alarm each, amended as vehicles come back, and in the end those that did not by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import overload

from sqlalchemy import Connection

from services import alarms, traceability
from services.monitoring import links, outages, outages_store, vehicles
from services.monitoring.feeders import EPOCH
from services.monitoring.model import Alarm
from services.monitoring.outages_store import Key, Outage
from services.monitoring.raising import to_alarm
from services.monitoring.texts import link_text
from services.runtime.host import Host

_AT_ONCE = 100  # outages in one transaction
_MOST = 500  # vehicles of one outage told by themselves in one transaction
_LISTED = 200  # vehicles the link's alarm names


def tell_due(host: Host, keeper: traceability.Keeper) -> bool:
    """Tell what is due by now; true when there may be more. Safe in several processes at once."""
    now = host.clock.now()
    with host.engine.begin() as connection:
        found = outages_store.due(connection, now, _AT_ONCE)
        if not found:
            return False
        heard = links.heard_after(connection, [one.key for one in found])
        looks = [_Look(one, _at(heard.get(one.key)), now) for one in found]
        named, rest = _named(connection, looks)
        alarms.put_alarms(connection, keeper, [*_of_links(connection, looks), *named], now)
        outages_store.looked_at(
            connection, [one.key for one in found],
            due=[now if one.outage.key in rest else one.verdict.due_at for one in looks],
            said=[one.verdict.say for one in looks],
        )  # fmt: skip
    host.bus.publish(alarms.WAKE)
    return bool(rest) or len(found) == _AT_ONCE


class _Look:
    """An outage with what is to be told of it."""

    def __init__(self, outage: Outage, heard_at: datetime | None, now: datetime) -> None:
        self.outage, self.heard_at = outage, heard_at
        self.verdict = outages.judge(outage, heard_at, now)


def _named(connection: Connection, looks: Sequence[_Look]) -> tuple[list[alarms.Alarm], set[Key]]:
    """The alarms that are told by themselves now, and the outages that may have more of them."""
    found: dict[Key, list[Alarm]] = {}
    for fates in {tuple(one.verdict.name) for one in looks if one.verdict.name}:
        keys = [one.outage.key for one in looks if tuple(one.verdict.name) == fates]
        found |= outages_store.silent_in(connection, keys, fates, _MOST)
    said = [alarm for some in found.values() for alarm in some]
    outages_store.name(connection, [alarm.id for alarm in said])
    known = vehicles.by_number(connection, {alarm.vehicle for alarm in said})
    return [to_alarm(alarm, known[alarm.vehicle]) for alarm in said], {
        key for key, some in found.items() if len(some) == _MOST
    }


def _of_links(connection: Connection, looks: Sequence[_Look]) -> Iterator[alarms.Alarm]:
    news = [one for one in looks if one.verdict.say is not None]
    missing = outages_store.missing_in(connection, [one.outage.key for one in news], _LISTED)
    for look in news:
        key, evidence = look.outage.key, look.verdict.say or {}
        ids, division = missing[key]
        zh, en = link_text(evidence)
        yield alarms.Alarm(
            id=f"link-{key[0]}-{key[1]}", kind=alarms.Kind.LINK_DOWN, vehicle_id="", carrier_id=key[0], division=division,
            occurred_at=_at(key[1]), ended_at=look.heard_at, evidence={**evidence, "vehicle_ids": " ".join(ids)},
            revision=look.outage.revision + 1, text_zh=zh, text_en=en,
        )  # fmt: skip


@overload
def _at(minute: int) -> datetime: ...


@overload
def _at(minute: int | None) -> datetime | None: ...


def _at(minute: int | None) -> datetime | None:
    """When a minute of legal time began."""
    return None if minute is None else EPOCH + timedelta(minutes=minute) - timedelta(hours=8)
