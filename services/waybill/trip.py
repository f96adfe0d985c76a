"""A waybill beside the facts it is judged by: who and what is assigned, when, and the load as the goods rules see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from services.errors import Finding, Reason, Severity
from services.goods import Catalogue, GoodsRow, Load, LoadLine, Mode, Regime, TankState
from services.goods.controls import Control, substances_of
from services.registry.model import Licence, Permit, Person, RegistryFacts, Tank, TankCondition, Vehicle, VehicleType
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.facts import Facts
from services.waybill.model import Assignment, Exemption, GoodsLine, Role, Waybill, WaybillKind

ROLE_WORDS = {
    Role.TRACTOR: ("车辆", "vehicle"),
    Role.TRAILER: ("挂车", "trailer"),
    Role.TANK: ("罐体", "tank"),
    Role.DRIVER: ("驾驶人", "driver"),
    Role.ESCORT: ("押运人员", "escort"),
}
VEHICLE_TYPE_WORDS = {VehicleType.EX2: "EX/II", VehicleType.EX3: "EX/III"}
_REGIMES = {
    Exemption.NONE: Regime.NORMAL,
    Exemption.LIMITED_QUANTITY: Regime.LQ,
    Exemption.EXCEPTED_QUANTITY: Regime.EQ,
}


@dataclass(frozen=True, slots=True)
class Assigned:
    """One assignment with its field path."""

    path: str
    assignment: Assignment

    @property
    def resource_id(self) -> str:
        return self.assignment.resource_id


@dataclass(frozen=True)
class Trip:
    """``at`` is the time of the decision. Without planned times the trip is taken to happen then.

    Rules ask the same of a trip over and over, so what is derived is kept (and the class has no slots).
    """

    waybill: Waybill
    facts: Facts
    catalogue: Catalogue
    at: datetime

    @property
    def registry(self) -> RegistryFacts:
        return self.facts.registry

    @property
    def departure(self) -> datetime:
        return self.waybill.departed_at or self.waybill.planned_departure or self.at

    @property
    def arrival(self) -> datetime:
        return max(self.waybill.planned_arrival or self.departure, self.departure)

    @property
    def first_day(self) -> date:
        return legal_day(self.departure)

    @property
    def last_day(self) -> date:
        return legal_day(self.arrival)

    @property
    def carrier_id(self) -> str:
        return self.waybill.carrier_id

    def assigned(self, *roles: Role) -> Iterator[Assigned]:
        return (each for each in self._assigned if each.assignment.role in roles)

    @cached_property
    def _assigned(self) -> tuple[Assigned, ...]:
        named = enumerate(self.waybill.assignments)
        return tuple(Assigned(f"waybill.assignments[{index}]", assignment) for index, assignment in named)

    def vehicles(self, *roles: Role) -> Iterator[tuple[Assigned, Vehicle]]:
        for each in self.assigned(*(roles or (Role.TRACTOR, Role.TRAILER))):
            if (vehicle := self.registry.vehicles.get(each.resource_id)) is not None:
                yield each, vehicle

    @property
    def vehicle_ids(self) -> frozenset[str]:
        """Every vehicle that is or was assigned, by the id the registry keeps it under."""
        known = self.registry.vehicles
        named = (each.resource_id for each in self.assigned(Role.TRACTOR, Role.TRAILER))
        return frozenset(known[each].id if each in known else each for each in named)

    def tanks(self) -> Iterator[tuple[Assigned, Tank]]:
        for each in self.assigned(Role.TANK):
            if (tank := self.registry.tanks.get(each.resource_id)) is not None:
                yield each, tank

    def crew(self) -> Iterator[tuple[Assigned, Person]]:
        for each in self.assigned(Role.DRIVER, Role.ESCORT):
            if (person := self.registry.persons.get(each.resource_id)) is not None:
                yield each, person

    def carrier_licences(self) -> Iterator[Licence]:
        return (licence for licence in self.registry.licences if licence.organisation_id == self.carrier_id)

    def stated_permits(self) -> Iterator[Permit]:
        """Permits of the registry that the waybill names by number."""
        return (permit for permit in self.registry.permits if permit.number in self.waybill.permit_numbers)

    def lines(self) -> Iterator[tuple[str, GoodsLine]]:
        for index, line in enumerate(self.waybill.goods):
            yield f"waybill.goods[{index}]", line

    def rows(self, line: GoodsLine) -> tuple[GoodsRow, ...]:
        """The catalogue's rows a line may mean; empty for goods it does not know."""
        return self.catalogue.choose(self.load_line(line)).rows

    @property
    def carries_dangerous_goods(self) -> bool:
        return any(line.is_dangerous for line in self.load.lines)

    @cached_property
    def load(self) -> Load:
        """What is aboard: planned masses, for an empty tank its last goods."""
        types = [VEHICLE_TYPE_WORDS.get(each.vehicle_type, each.vehicle_type.value) for _, each in self.bearers()]
        lines = tuple(self.load_line(line) for line in self.waybill.goods)
        return Load(lines=lines, vehicle_type=types[0] if types else "")

    def bearers(self) -> tuple[tuple[Assigned, Vehicle], ...]:
        """The vehicles that hold the goods: trailers where there are any, else the powered vehicle."""
        return tuple(self.vehicles(Role.TRAILER)) or tuple(self.vehicles(Role.TRACTOR))

    def load_line(self, line: GoodsLine) -> LoadLine:
        """A line as the goods rules see it."""
        return self._load_lines.get(line) or self._load_line(line)

    @cached_property
    def _load_lines(self) -> dict[GoodsLine, LoadLine]:
        return {line: self._load_line(line) for line in self.waybill.goods}

    def controls(self, line: GoodsLine) -> frozenset[Control]:
        """The lists of controlled substances a line stands on."""
        if line not in self._controls:
            found = substances_of(self.load_line(line), self.catalogue)
            self._controls[line] = frozenset(substance.control for substance in found)
        return self._controls[line]

    @cached_property
    def _controls(self) -> dict[GoodsLine, frozenset[Control]]:
        return {}

    def _load_line(self, line: GoodsLine) -> LoadLine:
        regime = _REGIMES[line.exemption]
        tank = next((tank for _, tank in self.tanks()), None)
        return LoadLine(
            un_number=line.un_number,
            packing_group=line.packing_group,
            mode=Mode(line.mode) if line.mode in _MODES else Mode.PACKAGES,
            mass_g=line.carried_g if regime is Regime.NORMAL else line.gross_mass_g,
            net_explosive_mass_g=line.net_explosive_mass_g,
            packages=line.package_count,
            quantity_regime=regime,
            tank_state=self._tank_state(line, tank),
            name=line.name,
            cas=line.cas,
            tank_code=tank.tank_code if tank and line.mode == Mode.TANK.value else "",
        )

    def _tank_state(self, line: GoodsLine, tank: Tank | None) -> TankState:
        """Only the registry's word that a tank is clean makes an empty return harmless."""
        if self.waybill.kind is WaybillKind.EMPTY_RETURN:
            clean = line.mode == Mode.TANK.value and tank is not None and tank.state.clean
            return _CLEAN[tank.state.condition] if clean and tank is not None else TankState.EMPTY_UNCLEANED
        return TankState.PART if self.waybill.kind is WaybillKind.RESIDUE_RETURN else TankState.LOADED

    def finding(
        self,
        reason: Reason,
        path: str,
        rule: str,
        *,
        severity: Severity = Severity.ERROR,
        basis: str = "",
        **values: object,
    ) -> Finding:
        """A finding under ``rule`` with the text in force on the day of the decision."""
        return Finding(
            reason=reason,
            path=path,
            severity=severity,
            rule=rule,
            basis=basis_on(basis or rule, legal_day(self.at)),
            values={name: str(value) for name, value in values.items()},
        )


_MODES = frozenset(mode.value for mode in Mode)
_CLEAN = {TankCondition.CLEANED: TankState.CLEANED, TankCondition.GAS_FREE: TankState.GAS_FREE}
