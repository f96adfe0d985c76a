"""The acts that change zones; each adds one version, stated on ``zone/<id>``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from geo.shapes import ShapeError
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.errors import Finding, Findings, Refusal, deduplicated, refuse
from services.errors.common import STALE_ETAG, invalid, missing
from services.errors.zones import NOT_A_TUNNEL, ZONE_KIND_FIXED, ZONE_NOT_IN_FORCE
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.runtime.wire import from_wire, text_of, time_of
from services.zones import store
from services.zones.checks import check_bores, check_category, check_notice, check_rules, check_zone
from services.zones.divisions import divisions
from services.zones.jurisdiction import NATIONAL, check_publisher
from services.zones.model import Zone, ZoneKind, ZoneVersion
from services.zones.rules import next_change
from services.zones.ruling import Notice
from services.zones.tunnels import Tunnel
from services.zones.wire import read_rules, read_zone, version_to_wire

WAKE_ZONES = "hazway:zones"

Span = tuple[datetime, datetime | None]


def put_zone(call: Call, request: Any) -> pb.PutZoneResponse:
    call.allow([Relation.ANY])
    read = read_zone(request.zone, "zone")
    span, faults = _span(call, request)
    unread = (*text_of(request.zone.id, "zone.id", required=True), *read.findings)
    refuse(deduplicated((*unread, *(check_zone(read.value) if read.value is not None and not unread else ()), *faults)))
    zone: Zone = read.value
    store.queue_up(call.transaction)
    before = store.newest(call.transaction, zone.id)
    zone = _in_own_division(call, zone)
    refuse(
        deduplicated(
            (
                *_check_etag(before, request.etag),
                *_check_kind(before, zone),
                *_check_publisher(call, zone, "zone"),
                *(_check_publisher(call, before.zone, "zone") if before else ()),
            )
        )
    )
    version, registered = _write(call, request, zone, span, before)
    return pb.PutZoneResponse(zone=_shown(call, version), registered=registered)


def declare_tunnel(call: Call, request: Any) -> pb.DeclareTunnelResponse:
    call.allow([Relation.ANY])
    span, faults = _span(call, request)
    source = from_wire(Notice, request.source, "source")
    rules = read_rules(request.rules, "rules")
    findings = [
        *text_of(request.zone_id, "zone_id", required=True),
        *source.findings,
        *check_notice(source.value, "source"),
        *check_category(request.category, "category"),
        *_check_bore_categories(request.bore_categories),
        *rules.findings,
        *(check_rules(rules.value, source.value, "rules") if not rules.findings else ()),
        *faults,
    ]
    refuse(deduplicated(findings))
    store.queue_up(call.transaction)
    known = _in_force(call, request.zone_id, span[0])
    before = store.newest(call.transaction, request.zone_id)
    refuse(
        (
            *_check_etag(before, request.etag),
            *_check_tunnel(known.zone),
            *check_bores(rules.value, known.zone.tunnel, "rules"),
            *_check_bores_there(request.bore_categories, known.zone.tunnel),
            *_check_publisher(call, known.zone, "zone"),
        )
    )
    tunnel = _classified(known.zone.tunnel or Tunnel(), request, source.value)
    zone = replace(known.zone, tunnel=tunnel, rules=rules.value, source=source.value, proposed=False)
    zone = _in_own_division(call, zone)
    version, registered = _write(call, request, zone, span, before)
    return pb.DeclareTunnelResponse(zone=_shown(call, version), registered=registered)


def withdraw_zone(call: Call, request: Any) -> pb.WithdrawZoneResponse:
    call.allow([Relation.ANY])
    since, faults = time_of(request.valid_from, "valid_from")
    unread = (*text_of(request.zone_id, "zone_id", required=True), *text_of(request.reason, "reason", required=True))
    refuse((*unread, *faults))
    store.queue_up(call.transaction)
    known = _in_force(call, request.zone_id, since or call.now)
    before = store.newest(call.transaction, request.zone_id)
    refuse((*_check_etag(before, request.etag), *_check_publisher(call, known.zone, "zone")))
    _, registered = _write(call, request, known.zone, (since or call.now, None), before, withdrawn=True)
    return pb.WithdrawZoneResponse(registered=registered)


def _write(
    call: Call, request: Any, zone: Zone, span: Span, before: ZoneVersion | None, *, withdrawn: bool = False
) -> tuple[ZoneVersion, Any]:
    """State and add the version; with ``validate_only`` the caller sees what would come of it."""
    try:
        box = zone.area().box
    except ShapeError as error:  # a declared tunnel whose shape an older version of this server took
        raise Refusal((invalid("zone", str(error)),)) from error
    registered = None
    if not request.validate_only:
        registered = traceability.record(call, request, decision={"replaces": before.version} if before else {})
        call.on_commit(lambda: call.bus.publish(WAKE_ZONES))
    version = store.append(
        call.transaction,
        zone,
        box=box,
        valid_from=span[0],
        valid_to=span[1] if span[1] or withdrawn else store.next_begin(call.transaction, zone.id, span[0]),
        now=call.now,
        by=call.caller.organisation,
        registered=registered.digest if registered else None,
        withdrawn=withdrawn,
    )
    return version, registered.to_wire() if registered else None


def _shown(call: Call, version: ZoneVersion) -> pb.Zone:
    return version_to_wire(version, next_change(version, call.now))


def _span(call: Call, request: Any) -> tuple[Span, Findings]:
    """When the version is true; it may begin ahead of the clock, and in the past where a notice is learnt of late."""
    since, faults = time_of(request.valid_from, "valid_from")
    until, more = time_of(request.valid_to, "valid_to")
    since = since or call.now
    findings = [*faults, *more]
    if until is not None and until <= since:
        findings.append(invalid("valid_to", "ends before it begins 早于生效时间"))
    return (since, until), tuple(findings)


def _in_force(call: Call, zone_id: str, at: datetime) -> ZoneVersion:
    known = store.find(call.transaction, zone_id, at)
    if known is None or known.withdrawn:
        raise Refusal((Finding(reason=ZONE_NOT_IN_FORCE, path="zone_id", values={"at": at.isoformat()}),))
    return known


def _check_etag(before: ZoneVersion | None, etag: str) -> Findings:
    """An etag, when given, names the newest version; for a zone that is not there no etag is right."""
    stale = etag and (before is None or before.version != etag)
    return (Finding(reason=STALE_ETAG, path="etag"),) if stale else ()


def _check_publisher(call: Call, zone: Zone, path: str) -> Findings:
    """Authorities keep to their division; the operator puts on record what maps and papers say."""
    if Role.OPERATOR in call.caller.roles:
        return ()
    return check_publisher(call.caller.division, zone, divisions(call.transaction), path)


def _in_own_division(call: Call, zone: Zone) -> Zone:
    """A zone that states no division is that of the authority which publishes it."""
    if zone.division_code or Role.OPERATOR in call.caller.roles or call.caller.division in NATIONAL:
        return zone
    return replace(zone, division_code=call.caller.division)


def _check_kind(before: ZoneVersion | None, zone: Zone) -> Findings:
    if before is None or before.zone.kind is zone.kind:
        return ()
    return (Finding(reason=ZONE_KIND_FIXED, path="zone.kind", values={"kind": before.zone.kind.name}),)


def _check_tunnel(zone: Zone) -> Findings:
    if zone.kind is ZoneKind.TUNNEL:
        return ()
    return (Finding(reason=NOT_A_TUNNEL, path="zone_id", values={"zone": zone.name}),)


def _classified(tunnel: Tunnel, request: Any, source: Notice) -> Tunnel:
    """By the declaration alone: what was said of the tunnel or its bores before holds no longer."""
    own = {each.bore_id: each.category for each in request.bore_categories}
    told = Tunnel(
        category=request.category, category_source=source,
        bores=tuple(replace(bore, category=own.get(bore.id, ""), category_source=None) for bore in tunnel.bores),
    )  # fmt: skip
    return tunnel.classified_as(told)


def _check_bore_categories(own: Sequence[Any]) -> Iterator[Finding]:
    ids = Counter(each.bore_id for each in own)
    for number, each in enumerate(own):
        path = f"bore_categories[{number}]"
        if not each.category:
            yield missing(f"{path}.category")
        yield from check_category(each.category, f"{path}.category")
        if ids[each.bore_id] > 1:
            yield invalid(f"{path}.bore_id", "named twice 重复")


def _check_bores_there(own: Sequence[Any], tunnel: Tunnel | None) -> Iterator[Finding]:
    known = {bore.id for bore in tunnel.bores} if tunnel else set()
    for number, each in enumerate(own):
        if each.bore_id not in known:
            yield invalid(f"bore_categories[{number}].bore_id", "no such bore of this tunnel 该隧道没有此洞")
