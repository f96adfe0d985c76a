"""Many zones stated at once by the operator's hand, keeping whoever else writes zones waiting for no longer than the writing takes.

What to state is decided and signed first, while others go on writing; under the writers' lock only what they have written meanwhile
is decided anew, and everything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from hazway import body
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.zones import store
from services.zones.boxes import Box
from services.zones.model import Zone, ZoneVersion
from services.zones.wire import zone_to_wire

_Each = TypeVar("_Each")

AT_ONCE = 500  # so many that one statement to the database can hold them

Told = Callable[[str, int, int], None]  # how far it is: at what, so many of so many
Decide = Callable[[Sequence[str]], Mapping[str, "Change | None"]]  # what to state of these zones, None for nothing


def untold(_what: str, _done: int, _all: int) -> None:
    """Nobody is told how far it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """An act of the operator on a zone. ``request`` is what is stated."""

    zone: Zone
    kind: str
    request: Any
    withdrawn: bool = False


def put_of(zone: Zone) -> Change:
    return Change(zone, "zone.put", pb.PutZoneRequest(zone=zone_to_wire(zone, pb.Zone())))


@dataclass(frozen=True, slots=True)
class _Signed:
    """A change ready to be written; ``request`` is in ``act`` by now."""

    zone: Zone
    withdrawn: bool
    box: Box
    act: traceability.Act


def state_decided(
    connection: Connection, keeper: traceability.Keeper, ids: Iterable[str], decide: Decide, at: datetime,
    told: Told = untold,
) -> dict[str, ZoneVersion]:  # fmt: skip
    """State what is decided of each of these zones, in their order, from ``at`` on: the versions it makes.

    ``decide`` is asked of each zone at least once, and once more of those that others wrote since; the last answer counts. Afterwards
    the writers' lock is held until the transaction ends.
    """
    seen = store.last_change(connection)
    signed: dict[str, _Signed | None] = dict.fromkeys(ids)
    _decide(signed, list(signed), decide, keeper, at, told)
    store.queue_up(connection)
    _decide(signed, [key for key in store.written_since(connection, seen) if key in signed], decide, keeper, at)
    every = [each for each in signed.values() if each is not None]
    versions: list[ZoneVersion] = []
    for some in _in_portions(every):
        told("登记区域 zones kept", len(versions), len(every))
        versions += _write(connection, keeper, some, at)
    return {version.zone.id: version for version in versions}


def _decide(
    signed: dict[str, _Signed | None], ids: Sequence[str], decide: Decide, keeper: traceability.Keeper, at: datetime,
    told: Told = untold,
) -> None:  # fmt: skip
    done = 0
    for some in _in_portions(ids):
        told("比对签署 zones compared and signed", done, len(ids))
        changes = decide(some)
        stated = [change for change in changes.values() if change is not None]
        acts = traceability.sign_all(keeper, map(partial(_deed, at), stated), at)
        signed |= dict.fromkeys(changes)
        for change, act in zip(stated, acts, strict=True):
            signed[change.zone.id] = _Signed(change.zone, change.withdrawn, change.zone.area(is_checked=True).box, act)
        done += len(some)


def _deed(at: datetime, change: Change) -> traceability.Deed:
    return traceability.Deed(
        kind=change.kind,
        subject=f"zone/{change.zone.id}",
        body=body.body_of(change.request),
        request_id=f"import:{change.zone.id}:{at.isoformat()}",
    )


def _write(
    connection: Connection, keeper: traceability.Keeper, signed: Sequence[_Signed], at: datetime
) -> list[ZoneVersion]:
    registered = traceability.register_all(connection, keeper, [each.act for each in signed])
    begins = store.next_begins(connection, [each.zone.id for each in signed], at)
    drafts = [
        store.Draft(
            zone=each.zone,
            box=each.box,
            valid_from=at,
            valid_to=None if each.withdrawn else begins.get(each.zone.id),
            registered=entry.digest,
            withdrawn=each.withdrawn,
        )
        for each, entry in zip(signed, registered, strict=True)
    ]
    return store.append_all(connection, drafts, now=at, by=traceability.OPERATOR)


def _in_portions(every: Sequence[_Each]) -> Iterator[list[_Each]]:
    left = iter(every)
    while some := list(islice(left, AT_ONCE)):
        yield some
