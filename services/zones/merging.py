"""A map's proposals brought together with the zones there are: new ones stated, changed ones as a new version, vanished ones closed.

What somebody changed by hand stays as it is. An import remembers digests of what the map drew and ruled; a zone that no longer
looks like that was changed by hand. Rules an authority gave stay with a zone whose shape the map changes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.zones import imports_store, store
from services.zones.imports_store import ImportRow
from services.zones.model import Zone, ZoneKind, ZoneVersion
from services.zones.plain import to_json
from services.zones.stating import Change, Told, put_of, state_decided, untold
from services.zones.tunnels import Tunnel

VANISHED = "地图中已不存在 no longer on the map"

BY_HAND = "changed by hand 已人工修改"
WITHDRAWN = "withdrawn by hand 已人工撤销"
OTHER_KIND = "of another kind 类别不同"
NEW, CHANGED, UNCHANGED, CLOSED, GONE = "new", "changed", "unchanged", "closed", "gone already"
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


@dataclass(frozen=True, slots=True)
class _Decision:
    """What comes of one zone: how it is counted, and what to remember of it, None leaving what is remembered."""

    outcome: str  # NEW, CHANGED, UNCHANGED, CLOSED, GONE, or why it is kept as it is
    row: ImportRow | None = None


_Decided = tuple[_Decision, Change | None]  # and what to state


class Merger:
    """One import into the caller's transaction."""

    def __init__(
        self, connection: Connection, keeper: traceability.Keeper, map_name: str, at: datetime, told: Told = untold
    ) -> None:
        self.connection, self.keeper, self.map_name, self.at, self.told = connection, keeper, map_name, at, told
        self._mapped: dict[str, Zone] = {}
        self._rows: dict[str, ImportRow] = {}
        self._decisions: dict[str, _Decision] = {}

    def merge(self, proposed: Sequence[Zone]) -> Merged:
        """Bring all that the map proposes now together with what there is. The caller has called ``imports_store.queue_up``."""
        self._mapped = {zone.id: zone for zone in proposed}
        self._rows = imports_store.concerning(self.connection, self.map_name, list(self._mapped))
        vanished = sorted(
            row.zone_id
            for row in self._rows.values()
            if row.map_name == self.map_name and row.zone_id not in self._mapped
        )
        versions = state_decided(
            self.connection, self.keeper, [*self._mapped, *vanished], self._decide, self.at, self.told
        )
        kept = []
        for zone_id, each in self._decisions.items():
            if each.row is not None:
                kept.append(replace(each.row, closed=versions[zone_id].number) if each.outcome == CLOSED else each.row)
        imports_store.put(self.connection, kept)
        return self._counted()

    def _counted(self) -> Merged:
        count = Counter(each.outcome for each in self._decisions.values())
        numbers = {name: count.pop(name, 0) for name in (NEW, CHANGED, UNCHANGED, CLOSED)}
        count.pop(GONE, None)
        found = Counter(zone.place_kind.name if zone.place_kind else zone.kind.name for zone in self._mapped.values())
        return Merged(found=found, kept=count, **numbers)

    def _decide(self, ids: Sequence[str]) -> dict[str, Change | None]:
        known, newest = store.current(self.connection, ids, self.at), store.newest_of(self.connection, ids)
        changes: dict[str, Change | None] = {}
        for zone_id in ids:
            mapped, has = self._mapped.get(zone_id), known.get(zone_id)
            decision, changes[zone_id] = (
                _close(self._rows[zone_id], has, newest.get(zone_id))
                if mapped is None
                else self._propose(mapped, has, self._rows.get(zone_id))
            )
            self._decisions[zone_id] = decision
        return changes

    def _propose(self, zone: Zone, known: ZoneVersion | None, row: ImportRow | None) -> _Decided:
        fresh = ImportRow(zone_id=zone.id, map_name=self.map_name, drawn=drawn(zone), ruled=ruled(zone))
        if known is None:
            return _Decision(NEW, fresh), put_of(zone)
        if known.zone.kind is not zone.kind:
            return _Decision(OTHER_KIND), None
        if known.withdrawn and (row is None or row.closed != known.number):
            return _Decision(WITHDRAWN), None
        now_drawn = drawn(known.zone)
        # of a tunnel that came in before imports were remembered, the shape is the map's
        as_imported = row.drawn == now_drawn if row is not None else zone.kind is ZoneKind.TUNNEL
        if not as_imported:
            return _Decision(BY_HAND), None
        wanted = _joined(known.zone, zone, row)
        if (
            not known.withdrawn
            and drawn(wanted) == now_drawn
            and ruled(wanted) == ruled(known.zone)
            and wanted.division_code == known.zone.division_code
        ):
            return _Decision(UNCHANGED, fresh if fresh != row else None), None
        return _Decision(CHANGED, fresh), put_of(wanted)


def _close(row: ImportRow, known: ZoneVersion | None, newest: ZoneVersion | None) -> _Decided:
    """Close what the map shows no more, but for what somebody confirmed or changed by hand."""
    if known is None or known.withdrawn or newest is None:
        return _Decision(GONE), None
    is_published_ahead = newest.number != known.number
    if is_published_ahead or (drawn(known.zone), ruled(known.zone)) != (row.drawn, row.ruled):
        return _Decision(VANISHED_KEPT), None
    return _Decision(CLOSED, row), _closing_of(known.zone)


def _closing_of(zone: Zone) -> Change:
    return Change(zone, "zone.withdraw", pb.WithdrawZoneRequest(zone_id=zone.id, reason=VANISHED), withdrawn=True)


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
