"""Waybills to and from the wire. Whatever a message holds, reading it raises nothing: every fault is a finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from geo.position import Position
from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors import Finding, Findings
from services.errors.common import invalid
from services.runtime.wire import Read, from_wire, text_of, to_wire
from services.waybill.model import Route, Waybill
from services.waybill.revision.model import Revision
from services.waybill.store import Kept

MOST_ON_ROUTE = 20_000
_MOST_LETTERS_OF_KEY = 200


def waybill_from_wire(message: pb.Waybill, path: str = "waybill") -> Read:
    """The waybill as its author states it; what only the server knows keeps the model's defaults."""
    bare = pb.Waybill()
    bare.CopyFrom(message)
    bare.ClearField("route")
    bare.route.SetInParent()
    for line in bare.goods:
        line.exemption = line.exemption or pb.EXEMPTION_NONE
    read = from_wire(Waybill, bare, path)
    route, faults = _route(message.route, f"{path}.route")
    unnamed = text_of(message.id, f"{path}.id", required=True)
    findings = {(each.path, each.reason.name): each for each in (*unnamed, *read.findings, *faults)}
    value = replace(read.value, route=route) if read.value is not None else None
    return Read(value, tuple(findings.values()))


def _route(message: pb.Route, path: str) -> tuple[Route, Findings]:
    """A route has thousands of points, so it is read apart from the rest."""
    findings: list[Finding] = []
    for name in ("edge_keys", "zone_keys", "line"):
        if len(getattr(message, name)) > MOST_ON_ROUTE:
            findings.append(invalid(f"{path}.{name}", f"more than {MOST_ON_ROUTE} 过多"))
    if findings:
        return Route(), tuple(findings)
    line: list[Position] = []
    for index, point in enumerate(message.line):
        try:
            line.append(Position(point.latitude_e7, point.longitude_e7))
        except ValueError as error:
            findings.append(invalid(f"{path}.line[{index}]", str(error)))
    keys = {name: _keys(getattr(message, name), f"{path}.{name}", findings) for name in ("edge_keys", "zone_keys")}
    return Route(line=tuple(line), **keys), tuple(findings)


def _keys(keys: Iterable[str], path: str, findings: list[Finding]) -> tuple[str, ...]:
    read = tuple(keys)
    for index, key in enumerate(read):
        if not key or len(key) > _MOST_LETTERS_OF_KEY or not key.isprintable():
            findings.append(invalid(f"{path}[{index}]", "not a key 不是有效标识"))
    return read


def shown(kept: Kept, *, route: bool = True) -> pb.Waybill:
    """The waybill as everybody entitled to it sees it."""
    message: pb.Waybill = to_wire(kept.waybill if route else replace(kept.waybill, route=Route()), pb.Waybill())
    message.etag = str(kept.version)
    if not route:
        message.ClearField("route")
    return message


def revision_to_wire(revision: Revision) -> pb.Revision:
    message: pb.Revision = to_wire(revision, pb.Revision())
    return message
