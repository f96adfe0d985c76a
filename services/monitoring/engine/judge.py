"""Whether a zone means a load, and when: the category of a tunnel and the explicit rules stand side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.monitoring.facts import Goods, TripFact
from services.monitoring.model import Hours, ZoneRecord, ZoneRule

Span = tuple[int, int]
Load = tuple[tuple[Goods, ...], str, tuple[str, ...]]  # lines, forbidden tunnel categories, what the trip is for

NO_LOAD: Load = ((), "", ())

CATEGORY = "category"
_BARS = frozenset({"FORBID", "ONLY_WITH_PASS"})


def is_laden(trip: TripFact | None) -> bool:
    """Whether goods or their residue are aboard and on their way: a cleaned tank is free of all that goods are barred from."""
    return trip is not None and not trip.waits and (trip.loaded or bool(trip.tunnel_forbidden))


def barring(zone: ZoneRecord, trip: TripFact) -> tuple[ZoneRule, ...]:
    """What keeps this trip's load out of the zone, whenever it holds; empty for none. A rule does not hold in the hours of a
    pass the vehicle has; nothing lifts a tunnel's category."""
    rules = barring_load(zone, load_of(trip))
    exempt = sorted(span for each in trip.passes if each.covers(zone.id, trip.goods) for span in each.spans)
    if not exempt:
        return rules
    return tuple(rule if rule.id == CATEGORY else replace(rule, hours=_without(rule.hours, exempt)) for rule in rules)


def _without(hours: Hours, exempt: list[Span]) -> Hours:
    """The hours but for the spans, which are in order of beginning."""

    def rest(first_ms: int, last_ms: int) -> tuple[Span, ...]:
        left: list[Span] = []
        for begin, end in hours(first_ms, last_ms):
            for since, until in exempt:
                if begin < since < end:
                    left.append((begin, since))
                if since < end:
                    begin = max(begin, until)
            if begin < end:
                left.append((begin, end))
        return tuple(left)

    return rest


def load_of(trip: TripFact | None) -> Load:
    """What about a trip zones may mind: goods, forbidden categories and purposes; nothing when nothing is aboard."""
    return (trip.goods, trip.tunnel_forbidden, trip.purposes) if trip is not None and is_laden(trip) else NO_LOAD


def barring_load(zone: ZoneRecord, load: Load) -> tuple[ZoneRule, ...]:
    """What keeps a load out of the zone, whoever carries it; empty for none. A rule leaves alone the purposes it exempts."""
    if load == NO_LOAD:
        return ()
    category = zone.category and zone.category in load[1]
    closed = (ZoneRule(id=CATEGORY, tunnel_category=zone.category),) if category else ()
    barred = (rule for rule in zone.rules if rule.action in _BARS and rule.exempt.isdisjoint(load[2]))
    return (*closed, *(rule for rule in barred if means(rule, load)))


def limiting(zone: ZoneRecord, trip: TripFact | None) -> tuple[ZoneRule, ...]:
    """The speed limits of the zone for this trip; one without any goods in it is for everybody."""
    rules = [rule for rule in zone.rules if rule.action == "SPEED_LIMIT" and rule.speed_dkmh > 0]
    return tuple(rule for rule in rules if not _has_filter(rule) or means(rule, load_of(trip)))


def means(rule: ZoneRule, load: Load) -> bool:
    """Whether a rule is about this load: any non-empty part of its filter fits, or it has none."""
    if not _has_filter(rule):
        return True
    goods, forbidden, _ = load
    if rule.tunnel_category and rule.tunnel_category in forbidden:
        return True
    return any(_fits(rule, line) for line in goods)


def _has_filter(rule: ZoneRule) -> bool:
    return bool(rule.classes or rule.un_numbers or rule.controls or rule.tunnel_category or rule.tunnel_codes)


def _fits(rule: ZoneRule, goods: Goods) -> bool:
    hazards = {*goods.hazards, *(hazard.split(".")[0] for hazard in goods.hazards)}
    return bool(
        goods.un_number in rule.un_numbers
        or hazards & rule.classes
        or rule.controls.intersection(goods.controls)
        or rule.tunnel_codes.intersection(goods.tunnel_codes)
    )


def spans(rules: Iterable[ZoneRule], first_ms: int, last_ms: int) -> list[Span]:
    """The merged times in [first_ms, last_ms) in which any of the rules holds."""
    merged: list[Span] = []
    for begin, end in sorted(span for rule in rules for span in rule.hours(first_ms, last_ms)):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged
