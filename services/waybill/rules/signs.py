"""RT-06: the vehicle keeps to the limits of height, width, length and mass 限高、限宽、限长、限重 on its route, and to what signs close to goods."""

from __future__ import annotations

from collections.abc import Iterator

from services.errors import Finding, Severity
from services.goods import Mode
from services.waybill.model import Role, WaybillKind
from services.waybill.rules.quantities import mass_aboard
from services.waybill.trip import Trip
from services.zones.measures import Measures, measures_of

RULE = "RT-06"


def signs_kept(trip: Trip) -> Iterator[Finding]:
    """What an authority published is refused; of what a map alone says, or nobody can judge, the carrier is warned."""
    for said in trip.facts.signs:
        severity = Severity.ERROR if said.zone_id and said.outcome.blocks else Severity.WARNING
        keys = trip.waybill.route.zone_keys
        path = f"waybill.route.zone_keys[{keys.index(said.zone_id)}]" if said.zone_id in keys else "waybill.route"
        yield trip.finding(said.reason, path, RULE, severity=severity, **said.values)


def measures_on(trip: Trip) -> Measures:
    """Of the combination that sets off, as the registry has its vehicles, with what is aboard.

    A tank set on a trailer has a mass of its own nobody has told, and may be higher than the trailer; goods in packages weigh more
    than their net mass, where nobody has told the gross.
    """
    assigned = (each for each in trip.assigned(Role.TRACTOR, Role.TRAILER) if each.assignment.holds_at(trip.departure))
    is_set_on = any(not tank.fixed_on for _, tank in trip.tanks())
    lines = trip.waybill.goods if trip.waybill.kind is not WaybillKind.EMPTY_RETURN else ()
    return measures_of(
        [trip.registry.vehicles.get(each.resource_id) for each in assigned],
        sum(mass_aboard(line) for line in lines),
        is_all=not is_set_on and all(line.gross_mass_g or line.mode != Mode.PACKAGES.value for line in lines),
        rises=is_set_on,
    )
