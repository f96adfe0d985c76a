"""Zones, cargo, decisions and passages between the contract's messages and the model's values.

Reading raises nothing: every fault is a finding with its path. Shapes are read here, point by point and counted first; all
other fields go by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from geo.position import Position
from hazway.zones.v1 import zones_pb2 as pb
from services.errors import Finding
from services.errors.common import invalid
from services.errors.zones import ZONE_SHAPE_INVALID
from services.goods import Load, LoadLine, un_key
from services.runtime.refusals import citation
from services.runtime.wire import Read, from_wire, to_wire
from services.zones.checks import MOST_POINTS
from services.zones.model import Zone, ZoneVersion
from services.zones.plain import with_shapes, without_shapes
from services.zones.plan import Passage
from services.zones.rules import Decision
from services.zones.ruling import Purpose, Rule
from services.zones.shapes import Line

MOST_LINES = 200


def read_zone(message: pb.Zone, path: str) -> Read:
    """The zone a message draws; its faults name ``zone.polygons[0].rings[1].points[17]`` and the like."""
    points = count_points(message)
    if points > MOST_POINTS:
        problem = f"{points} points, at most {MOST_POINTS}"
        return Read(None, (Finding(reason=ZONE_SHAPE_INVALID, path=path, values={"problem": problem}),))
    bare = pb.Zone()
    bare.CopyFrom(message)
    for name in ("polygons", "line"):
        bare.ClearField(name)
    for part in drawn_parts(bare):
        part.ClearField("line")
    read = from_wire(Zone, bare, path)
    findings = list(read.findings)
    polygons = tuple(
        tuple(
            _open(read_line(ring.points, f"{path}.polygons[{row}].rings[{column}].points", findings))
            for column, ring in enumerate(polygon.rings)
        )
        for row, polygon in enumerate(message.polygons)
    )
    line = read_line(message.line, f"{path}.line", findings)
    parts = "tunnel.bores" if message.HasField("tunnel") else "bridge.decks"
    drawn = [
        read_line(part.line, f"{path}.{parts}[{row}].line", findings) for row, part in enumerate(drawn_parts(message))
    ]
    if read.value is None or len(read.value.drawn_lines()) != len(drawn):
        return Read(None, tuple(findings))
    return Read(with_shapes(read.value, polygons, line, drawn), tuple(findings))


def drawn_parts(message: pb.Zone) -> Sequence[Any]:
    """The bores of a tunnel, or the decks of a bridge."""
    return message.tunnel.bores if message.HasField("tunnel") else message.bridge.decks


def _open(ring: Line) -> Line:
    """A ring without the repetition of its first point."""
    return ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring


def count_points(message: pb.Zone) -> int:
    rings = sum(len(ring.points) for polygon in message.polygons for ring in polygon.rings)
    drawn = (len(part.line) for parts in (message.tunnel.bores, message.bridge.decks) for part in parts)
    return rings + len(message.line) + sum(drawn)


def read_line(points: Iterable[Any], path: str, findings: list[Finding]) -> Line:
    """The points that are on the Earth; the first that is not becomes a finding."""
    line: list[Position] = []
    try:
        for point in points:
            line.append(Position(point.latitude_e7, point.longitude_e7))
    except ValueError as error:
        findings.append(invalid(f"{path}[{len(line)}]", str(error)))
        return ()
    return tuple(line)


def read_position(point: Any, path: str, findings: list[Finding]) -> Position | None:
    line = read_line([point], path, findings)
    return line[0] if line else None


def read_rules(messages: Sequence[pb.Rule], path: str) -> Read:
    read = [from_wire(Rule, message, f"{path}[{number}]") for number, message in enumerate(messages)]
    return Read(tuple(each.value for each in read), tuple(finding for each in read for finding in each.findings))


def read_load(messages: Sequence[pb.GoodsLine], path: str) -> Read:
    """The load of a request; a state or regime that is not told is the ordinary one."""
    if len(messages) > MOST_LINES:
        return Read(Load(), (invalid(path, f"more than {MOST_LINES} 过多"),))
    lines: list[LoadLine | None] = []
    findings: list[Finding] = []
    for number, message in enumerate(messages):
        at = f"{path}[{number}]"
        whole = pb.GoodsLine()
        whole.CopyFrom(message)
        whole.tank_state = whole.tank_state or pb.LOAD_STATE_LOADED
        whole.quantity_regime = whole.quantity_regime or pb.QUANTITY_REGIME_NORMAL
        whole.un_number = un_key(whole.un_number[:40])
        read = from_wire(LoadLine, whole, at)
        findings += read.findings
        if len(whole.un_number) != 4 or not (whole.un_number.isascii() and whole.un_number.isdigit()):
            findings.append(invalid(f"{at}.un_number", "four digits 须为四位数字"))
        for name in ("mass_g", "net_explosive_mass_g"):
            if getattr(message, name) < 0:
                findings.append(invalid(f"{at}.{name}", "negative 不能为负"))
        lines.append(read.value)
    return Read(Load(lines=tuple(line for line in lines if line is not None)), tuple(findings))


def read_purposes(numbers: Iterable[int], path: str) -> Read:
    named = pb.Purpose.DESCRIPTOR.values_by_number
    purposes, findings = [], []
    for row, number in enumerate(numbers):
        if number and number in named:
            purposes.append(Purpose[named[number].name.removeprefix("PURPOSE_")])
        else:
            findings.append(invalid(f"{path}[{row}]", f"no value {number} 无此取值"))
    return Read(frozenset(purposes), tuple(findings))


def kind_name(number: int) -> str | None:
    """The model's name of a kind's number, "" for unspecified, None for a number that is no kind."""
    value = pb.ZoneKind.DESCRIPTOR.values_by_number.get(number)
    return None if value is None else value.name.removeprefix("ZONE_KIND_") if number else ""


def zone_to_wire(zone: Zone, message: pb.Zone, *, shapes: bool = True) -> pb.Zone:
    """Fill the message with what the zone's author said of it."""
    to_wire(without_shapes(zone), message)
    if shapes:
        for polygon in zone.polygons:
            rings = message.polygons.add().rings
            for ring in polygon:
                line_to_wire(ring, rings.add().points)
        line_to_wire(zone.line, message.line)
        for line, drawn in zip(zone.drawn_lines(), drawn_parts(message), strict=True):
            line_to_wire(line, drawn.line)
    return message


def version_to_wire(
    version: ZoneVersion, next_change_at: datetime | None = None, *, shapes: bool = True, message: pb.Zone | None = None
) -> pb.Zone:
    """The zone with what is known of this version."""
    message = zone_to_wire(version.zone, pb.Zone() if message is None else message, shapes=shapes)
    if version.zone.tunnel is not None:
        message.tunnel.strictest_category = version.zone.tunnel.strictest()
    message.version, message.recorded_by, message.withdrawn = version.version, version.recorded_by, version.withdrawn
    for name, at in (
        ("valid_from", version.valid_from),
        ("valid_to", version.valid_to),
        ("recorded_at", version.recorded_at),
        ("next_change_at", next_change_at),
    ):
        if at is not None:
            getattr(message, name).FromDatetime(at)
    return message


def line_to_wire(line: Iterable[Position], target: Any) -> None:
    for point in line:
        target.add(latitude_e7=point.latitude_e7, longitude_e7=point.longitude_e7)


def passage_to_wire(passage: Passage) -> pb.Passage:
    zone = passage.version.zone
    message = pb.Passage(
        zone_id=zone.id,
        version=passage.version.version,
        name=zone.name,
        kind=pb.ZoneKind.Value(f"ZONE_KIND_{zone.kind.name}"),
        tunnel_category=passage.tunnel_category,
        length_dm=passage.length_dm,
        decisions=[decision_to_wire(decision) for decision in passage.decisions],
        proposed=zone.proposed,
    )
    message.enter_time.FromDatetime(passage.enter_at)
    message.leave_time.FromDatetime(passage.leave_at)
    return message


def decision_to_wire(decision: Decision) -> pb.Decision:
    finding = decision.finding()
    return pb.Decision(
        zone_id=decision.zone_id,
        zone_name=decision.zone_name,
        version=decision.version,
        rule_id=decision.rule_id,
        outcome=pb.Outcome.Value(f"OUTCOME_{decision.outcome.name}"),
        reason=decision.reason.name,
        zh=finding.zh,
        en=finding.en,
        source=citation(finding, "zh"),
        speed_dkmh=decision.speed_dkmh,
        permit_id=decision.permit_id,
        remedy_zh=decision.reason.remedy_zh,
        remedy_en=decision.reason.remedy_en,
    )
