"""Issuing as a whole: a sound trip passes, and any mixture of faults comes back complete."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.errors import Severity
from services.registry.model import (
    Medium,
    QualificationKind,
)
from services.waybill.bases import FIGURES, RULES
from services.waybill.facts import Busy
from services.zones.passed import RouteZone, RouteZoneKind
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    DEPARTURE,
    FACTS,
    TANK,
    TRAILER,
    WAYBILL,
    YESTERDAY,
    errors,
    issue,
    knowing,
    person,
)


def test_a_sound_trip_on_the_last_day_of_every_paper_and_at_the_full_mass_passes() -> None:
    assert issue() == ()


def test_four_faults_come_back_as_exactly_four_errors_in_two_languages_with_their_bases() -> None:
    facts = knowing(
        FACTS, replace(TANK, permitted_media=(Medium("1202"),)), person("escort", QualificationKind.ESCORT, YESTERDAY)
    )
    facts = replace(
        facts,
        zones=(RouteZone(zone_id="z1", name="示例隧道", kind=RouteZoneKind.TUNNEL, tunnel_category="D"),),
        busy=tuple(
            Busy(resource=name, waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL, waybill_number="C2")
            for name in ("vehicle/tractor", "vehicle/trailer", "tank/tank", "person/driver", "person/escort")
        ),
    )
    found = issue(facts=facts)
    assert errors(found) == [
        "QUALIFICATION_EXPIRED", "RESOURCE_BUSY", "TANK_MEDIUM_NOT_PERMITTED", "TUNNEL_FORBIDDEN",
    ]  # fmt: skip
    assert {finding.rule for finding in found if finding.severity is Severity.ERROR} == {
        "WB-03",
        "WB-05",
        "WB-10",
        "RT-01",
    }
    for finding in found:
        assert finding.basis is not None
        assert "{" not in finding.zh + finding.en
        assert finding.path.startswith("waybill.")


def test_every_rule_and_figure_has_a_basis_in_two_languages() -> None:
    bases = [basis for bases in RULES.values() for basis in bases]
    bases += [figure.basis for figures in FIGURES.values() for figure in figures]
    assert all(basis.zh and basis.en for basis in bases)


@given(st.sets(st.sampled_from(["medium", "escort", "trailer", "altered", "mass", "licence", "busy", "party"])))
def test_any_mixture_of_faults_is_told_completely(faults: set[str]) -> None:
    """Each fault is told no matter which others there are."""
    facts, waybill, expected = FACTS, WAYBILL, list[str]()
    tank, trailer = TANK, TRAILER
    if "medium" in faults:
        tank, expected = replace(tank, permitted_media=(Medium("1202"),)), [*expected, "TANK_MEDIUM_NOT_PERMITTED"]
    if "escort" in faults:
        facts = knowing(facts, person("escort", QualificationKind.ESCORT, YESTERDAY))
        expected = [*expected, "QUALIFICATION_EXPIRED"]
    if "trailer" in faults:
        trailer, expected = replace(trailer, annual_review_to=YESTERDAY), [*expected, "INSPECTION_EXPIRED"]
    if "altered" in faults:
        trailer, expected = replace(trailer, altered=True), [*expected, "VEHICLE_ALTERED"]
    if "mass" in faults:
        tank, expected = replace(tank, rated_mass_g=1_000_000), [*expected, "OVERLOADED"]
    if "licence" in faults:
        facts, expected = knowing(facts, licences=()), [*expected, "CARRIER_LICENCE_INVALID"]
    if "busy" in faults:
        busy = Busy(resource="tank/tank", waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL)
        facts, expected = replace(facts, busy=(busy,)), [*expected, "RESOURCE_BUSY"]
    if "party" in faults:
        waybill, expected = replace(waybill, loader=None), [*expected, "PARTY_MISSING"]
    assert errors(issue(waybill, knowing(facts, tank, trailer))) == sorted(expected)
