"""Detection goes by the same rules as the planner of routes: who may not plan to be there may not be there, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from geo.position import Position
from services.monitoring.engine.judge import barring
from services.monitoring.facts import TripFact
from services.monitoring.feeders import _trip
from services.monitoring.worlds import to_record
from services.waybill.model import GoodsLine, State
from services.waybill.rules.purposes import purposes_of
from services.waybill.trip import Trip
from services.waybill.trip_fact import fact_of
from services.zones.model import Zone
from services.zones.rules import forbids, judge
from services.zones.ruling import Action, Control, GoodsFilter, Purpose, Rule
from tests.unit.services.waybill.petrol_trip import CATALOGUE, FACTS, NOW, PETROL, WAYBILL
from tests.unit.services.zones.zone_samples import area, tunnel, version

UN_NUMBERS = ("1203", "1202", "1073", "1170", "0336", "1005", "1993", "3077")
KNOWN = {number: rows for number in UN_NUMBERS if (rows := CATALOGUE.rows_of(number))}
CODES = sorted({row.tunnel_code for rows in KNOWN.values() for row in rows})
LABELS = sorted({label for rows in KNOWN.values() for row in rows for label in (row.goods_class, row.division)})


def lines() -> st.SearchStrategy[tuple[GoodsLine, ...]]:
    def line(number: int, un_number: str) -> GoodsLine:
        row = KNOWN[un_number][0]
        return replace(PETROL, number=number, un_number=un_number, hazard_class=row.division, name=row.name_zh)

    chosen = st.lists(st.sampled_from(sorted(KNOWN)), min_size=1, max_size=3, unique=True)
    return chosen.map(lambda numbers: tuple(line(place + 1, one) for place, one in enumerate(numbers)))


T = TypeVar("T")


def some(values: Sequence[T]) -> st.SearchStrategy[frozenset[T]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


FILTERS = st.builds(
    GoodsFilter, hazards=some(LABELS), un_numbers=some(sorted(KNOWN)), tunnel_codes=some(CODES), controls=some(list(Control)),
    barred_from_category=st.sampled_from(["", "B", "C", "D", "E"]),
)  # fmt: skip
RULES = st.builds(
    Rule, id=st.just("ban"), action=st.sampled_from([Action.FORBID, Action.ONLY_WITH_PASS, Action.NOTIFY, Action.SPEED_LIMIT]),
    goods=st.none() | FILTERS, exempt=some(list(Purpose)), speed_dkmh=st.just(400),
)  # fmt: skip


def as_read(trip: Trip, event: str) -> TripFact:
    told: dict[Any, Any] = fact_of(trip, "tractor", event)
    return _trip(told, 1)


@given(lines(), some(list(Purpose)), RULES, st.sampled_from(["area", "", "C", "E"]))
@settings(max_examples=400, deadline=None)
def test_the_engine_bars_whom_the_planner_bars(
    goods: tuple[GoodsLine, ...], purposes: frozenset[Purpose], rule: Rule, category: str
) -> None:
    zone: Zone = area(rule) if category == "area" else tunnel(category, rule)
    waybill = replace(WAYBILL, goods=goods, purposes=tuple(purposes), state=State.IN_TRANSIT)
    trip = Trip(waybill, FACTS, CATALOGUE, NOW)
    cargo = judge(trip.load, CATALOGUE, NOW, purposes_of(waybill))
    published = version(zone, valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    planner = any(decision.outcome.blocks for decision in forbids(published, cargo, NOW + timedelta(hours=1)))
    fact = as_read(trip, "DEPARTED")
    assert fact.loaded
    assert bool(barring(to_record(published), fact)) == planner


def test_detection_is_told_where_a_trip_loads_and_where_it_unloads() -> None:
    """A tank whose clearance is void holds nothing but what is left in it."""
    origin, destination = (
        replace(place, position=Position(300_000_000 + number, 1_100_000_000))
        for number, place in enumerate((WAYBILL.origin, WAYBILL.destination))
        if place is not None
    )
    trip = Trip(
        replace(WAYBILL, origin=origin, stops=(), destination=destination, state=State.ISSUED), FACTS, CATALOGUE, NOW
    )
    loaded, void = (as_read(trip, event) for event in ("LOADED", "VOIDED"))
    assert [(site.latitude_e7, site.purpose) for site in loaded.sites] == [
        (300_000_000, "LOADING"),
        (300_000_001, "UNLOADING"),
    ]
    assert (loaded.loaded, void.loaded) == (True, False)
    assert void.tunnel_forbidden == loaded.tunnel_forbidden != ""
