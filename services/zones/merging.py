"""A map's proposals brought together with the zones there are: new ones stated, changed ones as a new version, vanished ones closed.

What somebody changed by hand stays as it is. An import remembers digests of what the map drew and ruled; a zone that no longer
looks like that was changed by hand. Rules an authority gave stay with a zone whose shape the map changes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hazway import body
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.zones import imports_store, store
from services.zones.imports_store import ImportRow
from services.zones.model import Tunnel, Zone, ZoneKind, ZoneVersion
from services.zones.plain import to_json
from services.zones.wire import zone_to_wire

AT_ONCE = 500
VANISHED = "地图中已不存在 no longer on the map"

Told = Callable[[str, int, int], None]  # how far an import is: at what, so many of so many


def untold(_what: str, _done: int, _all: int) -> None:
    """Nobody is told how far it is."""


BY_HAND = "changed by hand 已人工修改"
WITHDRAWN = "withdrawn by hand 已人工撤销"
OTHER_KIND = "of another kind 类别不同"
VANISHED_KEPT = "vanished, but confirmed or changed by hand 地图已无，但已确认或人工修改"


@dataclass(slots=True)
class Merged:
    """Counts of zones. ``kept`` counts by reason those left as somebody made them."""

    found: Counter[str] = field(default_factory=Counter)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    closed: int = 0
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def written(self) -> int:
        return self.new + self.changed + self.closed


class Merger:
    """One import into the caller's transaction, which must have called ``store.queue_up``."""

    def __init__(
        self, connection: Connection, keeper: traceability.Keeper, map_name: str, at: datetime, told: Told = untold
    ) -> None:
        self.connection, self.keeper, self.map_name, self.at, self.told = connection, keeper, map_name, at, told
        self.merged = Merged()

    def merge(self, proposed: Sequence[Zone]) -> Merged:
        """Bring all that the map proposes now together with what there is."""
        ids = {zone.id for zone in proposed}
        rows = imports_store.concerning(self.connection, self.map_name, list(ids))
        vanished = sorted(
            row.zone_id for row in rows.values() if row.map_name == self.map_name and row.zone_id not in ids
        )
        for first in range(0, len(proposed), AT_ONCE):
            self.told("登记区域 zones kept", first, len(proposed))
            self._propose_all(proposed[first : first + AT_ONCE], rows)
        for first in range(0, len(vanished), AT_ONCE):
            self._close_all([rows[zone_id] for zone_id in vanished[first : first + AT_ONCE]])
        return self.merged

    def _propose_all(self, zones: Sequence[Zone], rows: Mapping[str, ImportRow]) -> None:
        known = store.current(self.connection, [zone.id for zone in zones], self.at)
        kept, changes = [], []
        for zone in zones:
            row, change = self._propose(zone, known.get(zone.id), rows.get(zone.id))
            kept += [row] if row is not None else []
            changes += [change] if change is not None else []
        self._write(changes)
        imports_store.put(self.connection, kept)

    def _propose(
        self, zone: Zone, known: ZoneVersion | None, row: ImportRow | None
    ) -> tuple[ImportRow | None, Change | None]:
        """What to remember of it, None leaving what is remembered, and what to state."""
        self.merged.found[zone.place_kind.name if zone.place_kind else zone.kind.name] += 1
        fresh = ImportRow(zone_id=zone.id, map_name=self.map_name, drawn=drawn(zone), ruled=ruled(zone))
        if known is None:
            self.merged.new += 1
            return fresh, put_of(zone)
        if known.zone.kind is not zone.kind:
            self.merged.kept[OTHER_KIND] += 1
            return None, None
        if known.withdrawn and (row is None or row.closed != known.number):
            self.merged.kept[WITHDRAWN] += 1
            return None, None
        now_drawn = drawn(known.zone)
        # of a tunnel that came in before imports were remembered, the shape is the map's
        as_imported = row.drawn == now_drawn if row is not None else zone.kind is ZoneKind.TUNNEL
        if not as_imported:
            self.merged.kept[BY_HAND] += 1
            return None, None
        wanted = _joined(known.zone, zone, row)
        if (
            not known.withdrawn
            and drawn(wanted) == now_drawn
            and ruled(wanted) == ruled(known.zone)
            and wanted.division_code == known.zone.division_code
        ):
            self.merged.unchanged += 1
            return (fresh if fresh != row else None), None
        self.merged.changed += 1
        return fresh, put_of(wanted)

    def _close_all(self, rows: Sequence[ImportRow]) -> None:
        """Close what the map shows no more, but for what somebody confirmed or changed by hand."""
        ids = [row.zone_id for row in rows]
        known = store.current(self.connection, ids, self.at)
        newest = store.newest_of(self.connection, ids)
        closing: list[tuple[ImportRow, Zone]] = []
        for row in rows:
            version = known.get(row.zone_id)
            if version is None or version.withdrawn:
                continue
            is_published_ahead = newest[row.zone_id].number != version.number
            if is_published_ahead or (drawn(version.zone), ruled(version.zone)) != (row.drawn, row.ruled):
                self.merged.kept[VANISHED_KEPT] += 1
            else:
                closing.append((row, version.zone))
        self.merged.closed += len(closing)
        closed = self._write([_closing_of(zone) for _, zone in closing])
        rows = [replace(row, closed=version.number) for (row, _), version in zip(closing, closed, strict=True)]
        imports_store.put(self.connection, rows)

    def _write(self, changes: Sequence[Change]) -> list[ZoneVersion]:
        return state_versions(self.connection, self.keeper, changes, self.at)


@dataclass(frozen=True, slots=True)
class Change:
    """An act of the operator on a zone. ``request`` is what is stated."""

    zone: Zone
    kind: str
    request: Any
    withdrawn: bool = False


def put_of(zone: Zone) -> Change:
    return Change(zone, "zone.put", pb.PutZoneRequest(zone=zone_to_wire(zone, pb.Zone())))


def _closing_of(zone: Zone) -> Change:
    return Change(zone, "zone.withdraw", pb.WithdrawZoneRequest(zone_id=zone.id, reason=VANISHED), withdrawn=True)


def state_versions(
    connection: Connection, keeper: traceability.Keeper, changes: Sequence[Change], at: datetime
) -> list[ZoneVersion]:
    """State acts of the operator on different zones, and add the versions they make, from ``at`` on."""
    if not changes:
        return []
    deeds = [
        traceability.Deed(
            kind=change.kind,
            subject=f"zone/{change.zone.id}",
            body=body.body_of(change.request),
            request_id=f"import:{change.zone.id}:{at.isoformat()}",
        )
        for change in changes
    ]
    registered = traceability.state_all(connection, keeper, deeds, at)
    begins = store.next_begins(connection, [change.zone.id for change in changes], at)
    drafts = [
        store.Draft(
            zone=change.zone,
            box=change.zone.area().box,
            valid_from=at,
            valid_to=None if change.withdrawn else begins.get(change.zone.id),
            registered=each.digest,
            withdrawn=change.withdrawn,
        )
        for change, each in zip(changes, registered, strict=True)
    ]
    return store.append_all(connection, drafts, now=at, by=traceability.OPERATOR)


def _joined(known: Zone, mapped: Zone, row: ImportRow | None) -> Zone:
    """What the map draws now, with the rules that were given by hand, or else the map's own."""
    mapped = replace(mapped, division_code=known.division_code or mapped.division_code, width_dm=known.width_dm)
    if row is not None and row.ruled == ruled(known):
        return mapped
    tunnel = mapped.tunnel
    if tunnel is not None and known.tunnel is not None:
        tunnel = tunnel.classified_as(known.tunnel)
    return replace(mapped, tunnel=tunnel, rules=known.rules, source=known.source, proposed=known.proposed)


def drawn(zone: Zone) -> bytes:
    """A digest of what a map tells: name, shape, structure, tags and where from; not of the day the map was cut out."""
    stripped = replace(zone, rules=(), source=None, proposed=False, division_code="", width_dm=0)
    if stripped.tunnel is not None:
        stripped = replace(stripped, tunnel=stripped.tunnel.classified_as(Tunnel()))
    if stripped.map_source is not None:
        stripped = replace(stripped, map_source=replace(stripped.map_source, extracted_on=None, map_name=""))
    plain = to_json(stripped)
    for bore in (plain["zone"]["tunnel"] or {}).get("bores", ()):  # digests of before bores had a category hold on
        del bore["category"], bore["category_source"]
    return _digest(plain)


def ruled(zone: Zone) -> bytes:
    """A digest of what is ruled: rules, category, whether anybody has confirmed it."""
    rest = Zone(
        id=zone.id,
        kind=zone.kind,
        name="",
        rules=tuple(replace(rule, source=None) for rule in zone.rules),
        source=zone.source,
        proposed=zone.proposed,
    )
    of_bores = {bore.id: bore.category for bore in (zone.tunnel.bores if zone.tunnel else ()) if bore.category}
    told = {"category": zone.tunnel.category if zone.tunnel else "", **({"bores": of_bores} if of_bores else {})}
    return _digest({**to_json(rest), **told})


def _digest(plain: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).digest()[:16]
