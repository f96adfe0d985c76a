"""What a zone's rules say to a load at a time. Pure.

A tunnel's category and its explicit rules stand side by side and the stricter counts. A pass that names the zone lifts a ban, a
purpose the rule exempts does too; nothing lifts a category.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.errors import Basis, Finding, Reason
from services.errors.waybill.route import (
    TUNNEL_FORBIDDEN,
    TUNNEL_UNDECIDED,
    ZONE_FORBIDDEN,
    ZONE_NOTICE,
    ZONE_PASS_NEEDED,
)
from services.errors.zones import GOODS_UNDECIDED, ZONE_EXEMPTED, ZONE_SPEED_LIMITED
from services.goods import Catalogue, Load, LoadLine, TunnelJudgement, tunnel_categories
from services.goods.controls import substances_of
from services.registry.model import Permit, PermitKind
from services.zones import calendar
from services.zones.calendar import BEIJING, Interval, held
from services.zones.model import Outcome, ZoneVersion
from services.zones.ruling import Action, Control, GoodsFilter, Purpose, Rule

CATEGORY = "category"  # the rule id of a tunnel's category


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """What is aboard and what for, as the rules of zones look at it; worked out once for a trip by ``judge``.

    ``unknown`` are UN numbers the catalogue does not hold: a rule that goes by class or code cannot be decided for them.
    """

    un_numbers: frozenset[str] = frozenset()
    hazards: frozenset[str] = frozenset()
    tunnel_codes: frozenset[str] = frozenset()
    controls: frozenset[Control] = frozenset()
    unknown: frozenset[str] = frozenset()
    tunnels: TunnelJudgement = field(default_factory=lambda: TunnelJudgement(tuple("ABCDE"), (), (), ()))
    purposes: frozenset[Purpose] = frozenset()

    @property
    def is_dangerous(self) -> bool:
        return bool(self.un_numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one rule of one version of a zone says: the outcome with its reason, the notice behind it, and the very ids."""

    zone_id: str
    zone_name: str
    version: str
    rule_id: str
    outcome: Outcome
    reason: Reason
    basis: Basis | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    speed_dkmh: int = 0
    permit_id: str = ""
    bore_ids: frozenset[str] = frozenset()  # of a tunnel only these bores; empty: all of it

    def finding(self, path: str = "") -> Finding:
        return Finding(reason=self.reason, path=path, rule=self.rule_id, basis=self.basis, values=self.values)


def judge(load: Load, catalogue: Catalogue, at: datetime, purposes: Iterable[Purpose] = ()) -> Cargo:
    """The cargo of a load on that day; a line that is cleaned or gas-free restricts nothing."""
    lines = [line for line in load.lines if line.is_dangerous]
    rows = {line: catalogue.choose(line).rows for line in lines}
    return Cargo(
        un_numbers=frozenset(line.un_number for line in lines),
        hazards=frozenset(label for each in rows.values() for row in each for label in (row.goods_class, row.division)),
        tunnel_codes=frozenset(row.tunnel_code for each in rows.values() for row in each),
        controls=frozenset(control for line in lines for control in controls_of(line, catalogue)),
        unknown=frozenset(line.un_number for line in lines if not rows[line]),
        tunnels=tunnel_categories(load, catalogue, at.astimezone(BEIJING).date()),
        purposes=frozenset(purposes),
    )


def controls_of(line: LoadLine, catalogue: Catalogue) -> Iterator[Control]:
    """The lists a line stands on; an entry that may be fireworks or civil explosives counts as both."""
    for substance in substances_of(line, catalogue):
        if substance.control.name == "FIREWORKS_OR_CIVIL_EXPLOSIVE":
            yield from (Control.FIREWORKS, Control.CIVIL_EXPLOSIVE)
        elif substance.control.name in Control.__members__:
            yield Control[substance.control.name]


def means(goods: GoodsFilter | None, cargo: Cargo) -> bool | None:
    """Whether a filter means the cargo; ``None`` where nobody can tell."""
    if not cargo.is_dangerous:
        return False
    if goods is None or goods.is_empty:
        return True
    barred = goods.barred_from_category
    if (
        goods.un_numbers & cargo.un_numbers
        or goods.hazards & cargo.hazards
        or goods.tunnel_codes & cargo.tunnel_codes
        or goods.controls & cargo.controls
        or barred in cargo.tunnels.forbidden
    ):
        return True
    by_catalogue = goods.hazards or goods.tunnel_codes
    return None if (cargo.unknown and by_catalogue) or barred in cargo.tunnels.unknown else False


def applies(rule: Rule, cargo: Cargo, at: datetime) -> bool | None:
    """Whether the rule holds at ``at`` and means the cargo; ``None`` where it holds and nobody can tell whom it means."""
    return means(rule.goods, cargo) if held(rule, at, at) else False


def forbids(version: ZoneVersion, cargo: Cargo, at: datetime, passes: Iterable[Permit] = ()) -> tuple[Decision, ...]:
    """All that the zone says to the cargo inside it at ``at``; ``outcome.blocks`` tells what keeps it out."""
    return judge_stay(version, cargo, at, at, passes)


def judge_stay(
    version: ZoneVersion,
    cargo: Cargo,
    enter: datetime,
    leave: datetime,
    passes: Iterable[Permit] = (),
    bores: frozenset[str] = frozenset(),
) -> tuple[Decision, ...]:
    """The same for a stay: a rule counts when it holds at any time of [``enter``, ``leave``).

    ``passes`` are those of the vehicles on this trip (``passes_for``). Of a tunnel ``bores`` are those gone through, where that is
    known: rules for others say nothing then.
    """
    if version.withdrawn or not cargo.is_dangerous:
        return ()
    carried = tuple(passes)
    rules = (rule for rule in version.zone.rules if not (rule.bore_ids and bores and rule.bore_ids.isdisjoint(bores)))
    decisions = [_rule(version, rule, cargo, enter, leave, carried) for rule in rules]
    return tuple(decision for decision in (_category(version, cargo, bores), *decisions) if decision is not None)


def passes_for(permits: Iterable[Permit], vehicle_ids: Iterable[str]) -> tuple[Permit, ...]:
    """The zone passes good for all of these vehicles at once."""
    vehicles = frozenset(vehicle_ids)
    return tuple(
        permit
        for permit in permits
        if permit.kind is PermitKind.ZONE_PASS
        and not permit.revoked
        and (not permit.vehicle_ids or (vehicles and vehicles <= permit.vehicle_ids))
    )


def next_change(version: ZoneVersion, after: datetime) -> datetime | None:
    """The next instant at which a rule of the zone begins or ends to hold, or the version itself does; ``None``: never again.

    A vehicle inside at that instant is inside "when the window opens".
    """
    changes = [
        version.valid_from,
        version.valid_to,
        *(calendar.next_change(rule, after) for rule in version.zone.rules),
    ]
    return min((at for at in changes if at is not None and at > after), default=None)


def _category(version: ZoneVersion, cargo: Cargo, bores: frozenset[str]) -> Decision | None:
    """By the strictest category on the way through; what nobody classified restricts nothing by it."""
    zone = version.zone
    category = zone.tunnel.strictest(bores) if zone.tunnel else ""
    if zone.tunnel is None or not category or cargo.tunnels.allows(category):
        return None
    closed = [bore for bore in zone.tunnel.bores if zone.tunnel.category_of(bore) == category]
    forbidden = category in cargo.tunnels.forbidden
    wanted = [
        each for each in cargo.tunnels.reasons
        if (each.lowest_forbidden == "?") is not forbidden and each.lowest_forbidden and each.lowest_forbidden <= category
    ]  # fmt: skip
    source = zone.tunnel.source_of(category, bores) or zone.source
    return Decision(
        zone_id=zone.id, zone_name=zone.name, version=version.version, rule_id=CATEGORY,
        outcome=Outcome.FORBIDDEN if forbidden else Outcome.UNDECIDED,
        reason=TUNNEL_FORBIDDEN if forbidden else TUNNEL_UNDECIDED,
        basis=source.basis() if source else None,
        values={
            "tunnel": zone.name, "category": category,
            "why": "；".join(dict.fromkeys(f"UN{each.un_number} {each.zh}" for each in wanted)),
            "why_en": "; ".join(dict.fromkeys(f"UN{each.un_number} {each.en}" for each in wanted)),
        },
        bore_ids=frozenset(bore.id for bore in closed) if len(closed) < len(zone.tunnel.bores) else frozenset(),
    )  # fmt: skip


_OUTCOMES: Mapping[Action, tuple[Outcome, Reason]] = {
    Action.FORBID: (Outcome.FORBIDDEN, ZONE_FORBIDDEN),
    Action.ONLY_WITH_PASS: (Outcome.PASS_NEEDED, ZONE_PASS_NEEDED),
    Action.NOTIFY: (Outcome.NOTIFY, ZONE_NOTICE),
    Action.SPEED_LIMIT: (Outcome.SPEED_LIMIT, ZONE_SPEED_LIMITED),
}


def _rule(
    version: ZoneVersion, rule: Rule, cargo: Cargo, enter: datetime, leave: datetime, passes: tuple[Permit, ...]
) -> Decision | None:
    times = held(rule, enter, leave)
    meant = means(rule.goods, cargo) if times else False
    if meant is False:
        return None
    zone, source = version.zone, rule.source or version.zone.source
    outcome, reason = _OUTCOMES[rule.action]
    values = {"zone": zone.name, "when": _shown(times), "speed": _kmh(rule.speed_dkmh)}
    permit_id = ""
    if outcome.blocks and (why := _lifted(zone.id, rule, cargo, enter, leave, passes)):
        outcome, reason, permit_id = Outcome.EXEMPT, ZONE_EXEMPTED, why[2]
        values |= {"why": why[0], "why_en": why[1]}
    elif outcome.blocks and meant is None:
        outcome, reason = Outcome.UNDECIDED, GOODS_UNDECIDED
        values |= {"un_numbers": ", ".join(sorted(cargo.unknown or cargo.un_numbers))}
    return Decision(
        zone_id=zone.id, zone_name=zone.name, version=version.version, rule_id=rule.id, outcome=outcome, reason=reason,
        basis=source.basis() if source else None, values=values, permit_id=permit_id,
        speed_dkmh=rule.speed_dkmh if outcome is Outcome.SPEED_LIMIT else 0, bore_ids=rule.bore_ids,
    )  # fmt: skip


def _lifted(
    zone_id: str, rule: Rule, cargo: Cargo, enter: datetime, leave: datetime, passes: tuple[Permit, ...]
) -> tuple[str, str, str] | None:
    """Why a ban does not hold for this trip (Chinese, English, the pass), or None."""
    if exempt := rule.exempt & cargo.purposes:
        name = min(purpose.value for purpose in exempt)
        return f"运输用途 {name}", f"the trip is for {name}", ""
    found = next((permit for permit in passes if _covers(permit, zone_id, cargo, enter, leave)), None)
    return None if found is None else (f"通行证 {found.number}", f"pass {found.number}", found.id)


def _covers(permit: Permit, zone_id: str, cargo: Cargo, enter: datetime, leave: datetime) -> bool:
    """A pass holds for the zone, every line of goods and the whole stay."""
    return (
        permit.kind is PermitKind.ZONE_PASS
        and not permit.revoked
        and zone_id in permit.zone_ids
        and (not permit.goods or cargo.un_numbers <= {goods.un_number for goods in permit.goods})
        and permit.valid_from <= enter
        and leave <= permit.valid_to
        and (not permit.windows or any(first <= enter and leave <= last for first, last in permit.windows))
    )


def _shown(times: Iterable[Interval]) -> str:
    return "、".join(f"{_local(first)}–{_local(last)}" for first, last in times)


def _local(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")


def _kmh(speed_dkmh: int) -> str:
    return f"{speed_dkmh / 10:g}"
