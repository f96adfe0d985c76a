"""Inside a zone while its rules hold: alarms as its hours open and close round a visit.

Who comes in while they hold is to blame at once. Who is inside when they begin, or when the zone is drawn round the vehicle, has some
time to leave: till then the alarm is ordinary and names the nearest exit, after it the alarm is grave. Who leaves in time, or is free
to stay by then, is not to blame, and the alarm is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence

from geo.position import Position
from services.monitoring.engine.batch import Outbox
from services.monitoring.engine.closures import reached
from services.monitoring.engine.desk import end_alarm, raise_alarm, revise_alarm, withdraw_alarm
from services.monitoring.engine.exits import nearest_exit
from services.monitoring.engine.judge import spans
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.visits import Visit
from services.monitoring.engine.world import World
from services.monitoring.model import GRACE_UNTIL, Alarm, AlarmKind, Severity, ZoneRecord, ZoneRule, always

DRAWN, OPENED = "zone drawn", "window opened"


def apply_hours(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone_id: str, visit: Visit, now: int,
    place: Position | None,
) -> None:  # fmt: skip
    """Raise and end alarms as the zone's hours open and close round the visit, up to ``now``; not while it may be over. ``place`` is
    where the vehicle was last believed to be before ``now``."""
    zone, trip = world.zones.get(zone_id), state.trips.get(slot)
    rules = world.barring(zone, trip) if zone is not None else ()
    if zone is None or visit.left_ms or now < visit.hours_ms:
        return
    alarm = state.open.get((slot, str(AlarmKind.AREA_ENTERED), zone_id))
    is_told = alarm is not None and not _may_still_leave(alarm)
    visit.is_settled = is_told and bool(rules) and rules[0].hours is always
    if visit.is_settled:
        return
    if visit.hours_ms == visit.entered_ms:
        reached(state, slot, zone_id, visit.entered_ms, out, arrival)
    open_spans = spans(rules, visit.hours_ms, now + 1)
    if alarm is not None:
        running = open_spans[0][1] if open_spans and open_spans[0][0] <= visit.hours_ms else visit.hours_ms
        if running <= now:
            close(state, out, arrival, slot, zone_id, running)
        else:
            _run_out(state, out, arrival, slot, zone_id, now)
        open_spans = [span for span in open_spans if span[0] > visit.hours_ms]
    for begin, end in open_spans:
        _open(state, world, out, arrival, slot, zone, rules, visit, (begin, end if end <= now else None), now, place)
    visit.hours_ms = now + 1


def leave(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone_id: str, visit: Visit, left_ms: int,
    place: Position | None,
) -> None:  # fmt: skip
    """The visit ended."""
    visit.left_ms = 0
    apply_hours(state, world, out, arrival, slot, zone_id, visit, left_ms, place)
    close(state, out, arrival, slot, zone_id, left_ms)


def close(state: ShardState, out: Outbox, arrival: int, slot: int, zone_id: str, at_ms: int) -> None:
    """The vehicle is outside from then on, or free to stay: whoever had time to leave until then is not to blame."""
    alarm = state.open.get((slot, str(AlarmKind.AREA_ENTERED), zone_id))
    if alarm is not None and at_ms <= _grace_until_ms(alarm):
        evidence = {"outcome": "left in time", "outcome_ms": at_ms}
        withdraw_alarm(state, out, arrival, slot, AlarmKind.AREA_ENTERED, cause=zone_id, evidence=evidence)
    else:
        _run_out(state, out, arrival, slot, zone_id, at_ms)
        end_alarm(state, out, arrival, slot, AlarmKind.AREA_ENTERED, at_ms, cause=zone_id)


def _open(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone: ZoneRecord,
    rules: Sequence[ZoneRule], visit: Visit, span: tuple[int, int | None], now: int, place: Position | None,
) -> None:  # fmt: skip
    """The hours begin, or are on when the vehicle comes in."""
    begin, ended_ms = span
    holding = [rule for rule in rules if spans((rule,), begin, begin + 1)]
    how = visit.how if begin == visit.entered_ms else OPENED
    evidence: dict[str, object] = {
        "rule": "DM-04", "how": how, "name": zone.name, "zone_version": zone.version, "zone_rule": holding[0].id,
    }  # fmt: skip
    severity = Severity.GRAVE
    if how in (DRAWN, OPENED):
        usual_ms = world.thresholds.window_grace_ms
        until = begin + min(usual_ms if rule.grace_ms is None else rule.grace_ms for rule in holding)
        if ended_ms is not None and ended_ms <= until:
            return
        evidence[GRACE_UNTIL] = until
        if place is not None:
            trip, line = state.trips.get(slot), state.lines.get(slot)
            evidence |= nearest_exit(world, zone, trip, line, place, (begin, until + 1))
        if (now if ended_ms is None else ended_ms) > until:
            evidence["outcome"] = "stayed"
        else:
            severity = Severity.ORDINARY
    raise_alarm(
        state, out, arrival, slot, AlarmKind.AREA_ENTERED, begin, cause=zone.id, zone_id=zone.id, severity=severity,
        position=place, ended_ms=ended_ms, evidence=evidence,
    )  # fmt: skip


def _may_still_leave(alarm: Alarm) -> bool:
    return alarm.severity is Severity.ORDINARY and GRACE_UNTIL in alarm.evidence


def _grace_until_ms(alarm: Alarm) -> int:
    return int(alarm.evidence.get(GRACE_UNTIL, -1))


def _run_out(state: ShardState, out: Outbox, arrival: int, slot: int, zone_id: str, at_ms: int) -> None:
    """Still inside by then: grave, if the time to leave is over."""
    alarm = state.open.get((slot, str(AlarmKind.AREA_ENTERED), zone_id))
    if alarm is not None and _may_still_leave(alarm) and at_ms > _grace_until_ms(alarm):
        revise_alarm(
            state, out, arrival, slot, AlarmKind.AREA_ENTERED, cause=zone_id, severity=Severity.GRAVE,
            evidence={"outcome": "stayed"},
        )  # fmt: skip
