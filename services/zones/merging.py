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

from hazway import body
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.zones import imports_store, store
from services.zones.imports_store import ImportRow
from services.zones.model import Zone, ZoneKind, ZoneVersion
from services.zones.plain import to_json
from services.zones.wire import zone_to_wire

_AT_ONCE = 1_000
VANISHED = "地图中已不存在 no longer on the map"

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

    def __init__(self, connection: Connection, keeper: traceability.Keeper, map_name: str, at: datetime) -> None:
        self.connection, self.keeper, self.map_name, self.at = connection, keeper, map_name, at
        self.merged = Merged()

    def merge(self, proposed: Sequence[Zone]) -> Merged:
        """Bring all that the map proposes now together with what there is."""
        ids = [zone.id for zone in proposed]
        rows = imports_store.concerning(self.connection, self.map_name, ids)
        vanished = sorted(
            row.zone_id for row in rows.values() if row.map_name == self.map_name and row.zone_id not in set(ids)
        )
        known: dict[str, ZoneVersion] = {}
        for first in range(0, len(ids) + len(vanished), _AT_ONCE):
            known |= store.current(self.connection, [*ids, *vanished][first : first + _AT_ONCE], self.at)
        kept = [self._propose(zone, known.get(zone.id), rows.get(zone.id)) for zone in proposed]
        kept += [self._close(known.get(zone_id), rows[zone_id]) for zone_id in vanished]
        imports_store.put(self.connection, [row for row in kept if row is not None])
        return self.merged

    def _propose(self, zone: Zone, known: ZoneVersion | None, row: ImportRow | None) -> ImportRow | None:
        """What to remember of it; None leaves what is remembered."""
        self.merged.found[zone.place_kind.name if zone.place_kind else zone.kind.name] += 1
        fresh = ImportRow(zone_id=zone.id, map_name=self.map_name, drawn=drawn(zone), ruled=ruled(zone))
        if known is None:
            self.merged.new += 1
            self._state(zone)
            return fresh
        if known.zone.kind is not zone.kind:
            self.merged.kept[OTHER_KIND] += 1
            return None
        if known.withdrawn and (row is None or row.closed != known.number):
            self.merged.kept[WITHDRAWN] += 1
            return None
        # of a tunnel that came in before imports were remembered, the shape is the map's
        as_imported = row.drawn == drawn(known.zone) if row is not None else zone.kind is ZoneKind.TUNNEL
        if not as_imported:
            self.merged.kept[BY_HAND] += 1
            return None
        wanted = _joined(known.zone, zone, row)
        if (
            known.withdrawn
            or drawn(wanted) != drawn(known.zone)
            or ruled(wanted) != ruled(known.zone)
            or wanted.division_code != known.zone.division_code
        ):
            self.merged.changed += 1
            self._state(wanted)
        else:
            self.merged.unchanged += 1
        return fresh

    def _close(self, known: ZoneVersion | None, row: ImportRow) -> ImportRow | None:
        if known is None or known.withdrawn:
            return None
        newest = store.newest(self.connection, known.zone.id)
        published_ahead = newest is not None and newest.number != known.number
        if published_ahead or (drawn(known.zone), ruled(known.zone)) != (row.drawn, row.ruled):
            self.merged.kept[VANISHED_KEPT] += 1
            return None
        self.merged.closed += 1
        version = self._write(
            known.zone, "zone.withdraw", pb.WithdrawZoneRequest(zone_id=known.zone.id, reason=VANISHED), closed=True
        )
        return replace(row, closed=version.number)

    def _state(self, zone: Zone) -> None:
        self._write(zone, "zone.put", pb.PutZoneRequest(zone=zone_to_wire(zone, pb.Zone())))

    def _write(self, zone: Zone, kind: str, request: Any, *, closed: bool = False) -> ZoneVersion:
        """State the act as the operator's and add the version it makes."""
        return state_version(
            self.connection, self.keeper, zone, kind, request, request_id=f"import:{zone.id}:{self.merged.written}:{self.at.isoformat()}",
            at=self.at, withdrawn=closed,
        )  # fmt: skip


def state_version(
    connection: Connection,
    keeper: traceability.Keeper,
    zone: Zone,
    kind: str,
    request: Any,
    *,
    request_id: str,
    at: datetime,
    withdrawn: bool = False,
) -> ZoneVersion:
    """State an act of the operator on the zone, and add the version it makes, from ``at`` on."""
    registered = traceability.state(
        connection,
        keeper,
        kind=kind,
        subject=f"zone/{zone.id}",
        body=body.body_of(request),
        request_id=request_id,
        at=at,
    )
    return store.append(
        connection,
        zone,
        box=zone.area().box,
        valid_from=at,
        valid_to=None if withdrawn else store.next_begin(connection, zone.id, at),
        now=at,
        by=traceability.OPERATOR,
        registered=registered.digest,
        withdrawn=withdrawn,
    )


def _joined(known: Zone, mapped: Zone, row: ImportRow | None) -> Zone:
    """What the map draws now, with the rules that were given by hand, or else the map's own."""
    mapped = replace(mapped, division_code=known.division_code or mapped.division_code, width_dm=known.width_dm)
    if row is not None and row.ruled == ruled(known):
        return mapped
    tunnel = mapped.tunnel
    if tunnel is not None and known.tunnel is not None:
        tunnel = replace(tunnel, category=known.tunnel.category, category_source=known.tunnel.category_source)
    return replace(mapped, tunnel=tunnel, rules=known.rules, source=known.source, proposed=known.proposed)


def drawn(zone: Zone) -> bytes:
    """A digest of what a map tells: name, shape, structure, tags and where from; not of the day the map was cut out."""
    stripped = replace(zone, rules=(), source=None, proposed=False, division_code="", width_dm=0)
    if stripped.tunnel is not None:
        stripped = replace(stripped, tunnel=replace(stripped.tunnel, category="", category_source=None))
    if stripped.map_source is not None:
        stripped = replace(stripped, map_source=replace(stripped.map_source, extracted_on=None, map_name=""))
    return _digest(to_json(stripped))


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
    return _digest({**to_json(rest), "category": zone.tunnel.category if zone.tunnel else ""})


def _digest(plain: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).digest()[:16]
