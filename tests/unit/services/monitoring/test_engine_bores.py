"""A ban on one bore of a tunnel is no ban on the other, and every alarm says which bore it means and where that leads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from geo.itinerary import Itinerary
from geo.position import Position
from geo.roads import RoadGraph
from services.monitoring.engine import Roads, World
from services.monitoring.engine.bores import direction, lead_along, meaning
from services.monitoring.engine.planned import Line
from services.monitoring.model import AlarmKind, ZoneKind, ZoneRecord, ZoneRule
from services.monitoring.texts import alarm_text
from services.monitoring.worlds import to_record
from services.zones.model import Zone, ZoneVersion
from services.zones.model import ZoneKind as ZoneKinds
from services.zones.ruling import Notice
from services.zones.tunnels import Bore, Tunnel
from tests.unit.services.monitoring.drives import a_trip, driven, entries_of, kinds, off_plan, run, standing


def closed(roads: Roads, trip: Itinerary, *bore_ids: str) -> World:
    """The mountain tunnel with these of its bores closed to everything dangerous."""
    known = tuple(bore for bore, structure in roads.structure_of_bore.items() if structure == trip.structure_id)
    ban = ZoneRule(id="ban", bore_ids=frozenset(bore_ids))
    tunnel = ZoneRecord(
        id="tunnel",
        version="1",
        kind=ZoneKind.TUNNEL,
        structure_id=trip.structure_id or "",
        bore_ids=known,
        rules=(ban,),
    )
    return World.build([tunnel], roads=roads)


def bores_of(graph: RoadGraph, trip: Itinerary) -> tuple[str, str]:
    """The bore the lorry goes through, and another of the same tunnel."""
    of_structure = [bore for bore in graph.tunnels if bore.structure_id == trip.structure_id]
    driven_through = next(bore for bore in of_structure if set(bore.edges) <= set(off_plan(trip)))
    return driven_through.id, next(bore.id for bore in of_structure if bore is not driven_through)


def test_only_the_bore_that_is_closed_alarms_and_it_is_named(graph: RoadGraph, roads: Roads, trip: Itinerary) -> None:
    through, other = bores_of(graph, trip)
    rows = entries_of(driven(graph, off_plan(trip)))
    found = standing(run(closed(roads, trip, through), a_trip(), *rows))
    assert [alarm.kind for alarm in found] == ["TUNNEL_AHEAD", "TUNNEL_TRANSIT"]
    bore = roads.bores[through]
    for alarm in found:
        assert (alarm.evidence["bore"], alarm.evidence["zone_rule"]) == (through, "ban")
        assert alarm.evidence["direction"] == direction(bore.entrance, bore.exit)
        assert (alarm.evidence["exit_latitude_e7"], alarm.evidence["exit_longitude_e7"]) == (
            str(bore.exit.latitude_e7), str(bore.exit.longitude_e7),
        )  # fmt: skip
    assert not [kind for kind in kinds(run(closed(roads, trip, other), a_trip(), *rows)) if kind.startswith("TUNNEL")]


def test_a_bore_of_a_category_of_its_own_alarms_for_its_own_and_the_other_does_not(
    graph: RoadGraph, roads: Roads, trip: Itinerary
) -> None:
    through, other = bores_of(graph, trip)
    rows = entries_of(driven(graph, off_plan(trip)))
    for bore, alarms in ((through, True), (other, False)):
        bores = tuple(
            Bore(
                id=each, entrance=roads.bores[each].entrance, exit=roads.bores[each].exit,
                category="D" if each == bore else "", category_source=Notice(issuer="示例县公安局"),
            )
            for each in (through, other)
        )  # fmt: skip
        zone = Zone(
            id=trip.structure_id or "",
            kind=ZoneKinds.TUNNEL,
            name="示例山隧道",
            tunnel=Tunnel(category="C", bores=bores),
        )
        known = datetime(2026, 1, 1, tzinfo=UTC)
        record = to_record(
            ZoneVersion(number=1, zone=zone, valid_from=known, valid_to=None, recorded_at=known, recorded_by="police")
        )
        assert {rule.tunnel_category for rule in record.rules} == {"C", "D"}
        found = standing(run(World.build([record], roads=roads), a_trip(tunnel_forbidden="DE"), *rows))
        assert [alarm.kind for alarm in found] == (["TUNNEL_AHEAD", "TUNNEL_TRANSIT"] if alarms else [])
        assert {alarm.evidence["category"] for alarm in found} == ({"D"} if alarms else set())


def test_the_words_of_an_alarm_name_the_direction() -> None:
    zh, en = alarm_text(AlarmKind.TUNNEL_TRANSIT, {"name": "示例隧道", "direction": "东行 eastbound"})
    assert zh.endswith("；东行隧道洞")
    assert en.endswith("; the eastbound bore")


def test_silence_in_the_open_bore_is_not_overdue_in_the_closed_one(
    graph: RoadGraph, roads: Roads, trip: Itinerary
) -> None:
    through, other = bores_of(graph, trip)
    rows = driven(graph, off_plan(trip))
    gap = next(place for place in range(len(rows) - 1) if rows[place + 1][1] - rows[place][1] > 60_000)
    last = rows[gap][1]
    late = range(last, last + 900_000, 30_000)
    for bore, expected in ((through, True), (other, False)):
        effects = run(closed(roads, trip, bore), a_trip(), *entries_of(rows[: gap + 1]), *late)
        assert ("TUNNEL_OVERDUE" in kinds(effects)) is expected


def test_a_rule_about_a_bore_the_zone_does_not_name_counts(roads: Roads, trip: Itinerary) -> None:
    zone = closed(roads, trip, "east").zones["tunnel"]
    assert meaning(zone, zone.rules, "of another map") == list(zone.rules)
    assert meaning(zone, zone.rules, zone.bore_ids[0]) == []


def test_a_planned_line_goes_through_the_bore_that_leads_its_way(
    graph: RoadGraph, roads: Roads, trip: Itinerary
) -> None:
    through, other = bores_of(graph, trip)
    places = [place for edge in off_plan(trip) for place in graph.edge_positions(edge)]
    there = [(place.latitude_e7, place.longitude_e7) for place in places]
    rule = ZoneRule(id="ban", bore_ids=frozenset({through}))
    for line, expected in (
        (there, True),
        (there[::-1], False),
        (there + there[::-1], True),
        (there[::-1] + there, True),
    ):
        assert lead_along(roads, rule, Line.of(line)) is expected
    assert not lead_along(roads, ZoneRule(id="ban", bore_ids=frozenset({other})), Line.of(there))
    assert lead_along(roads, ZoneRule(id="ban"), Line.of(there))


@pytest.mark.parametrize(
    ("north", "east", "word"),
    [(1, 0, "北行"), (-1, 0, "南行"), (0, 1, "东行"), (0, -1, "西行"), (9, 1, "北行"), (9, -1, "北行"), (1, 9, "东行")],
)
def test_a_bore_is_called_after_the_quarter_it_leads_to(north: int, east: int, word: str) -> None:
    entrance = Position(300_000_000, 1_100_000_000)
    exit_ = Position(300_000_000 + north * 10_000, 1_100_000_000 + east * 10_000)
    assert direction(entrance, exit_).startswith(word)
