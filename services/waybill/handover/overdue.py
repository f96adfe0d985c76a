"""A counter-signature that does not come in time: an alarm at the carrier's desk, which blocks nothing and which the late
signature withdraws.

A worker that raises one holds its timer and then the waybill's record; whoever answers takes the timer before the record
too, so that the two wait for each other in one order.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection

from services import alarms, traceability
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.runtime.host import Host
from services.runtime.timers import Timer, cancel_timer, fire_due, set_timer
from services.waybill import store as waybills
from services.waybill.handover import store
from services.waybill.handover.model import Handover, HandoverState
from services.waybill.handover.rules import WORDS, countersigned_within
from services.waybill.model import Role, State, Waybill

_KIND = "waybill.handover"


def due_at(handover: Handover, now: datetime) -> datetime:
    """From when the server learnt of it: a statement made without a network is not overdue when it comes in."""
    return now + countersigned_within(handover.kind, legal_day(now))


def wait_for(connection: Connection, handover: Handover) -> None:
    """When its time is over unanswered, an alarm is raised; nothing is blocked."""
    if handover.due_at is not None:
        set_timer(connection, Timer(_KIND, handover.id, handover.due_at, b""))


def stop_waiting(connection: Connection, handover: Handover) -> bool:
    """Whether its alarm is open. Call it before anything is put on record."""
    cancel_timer(connection, _KIND, handover.id)
    return alarms.is_open(connection, alarm_id(handover))


def stop_waiting_for_all(connection: Connection, waybill_id: str) -> list[Handover]:
    """Those of the waybill's hand-overs whose alarm is open. Call it before anything is put on record."""
    offered = [each for each in store.chain_of(connection, waybill_id) if each.state is HandoverState.OFFERED]
    return [each for each in offered if stop_waiting(connection, each)]


def withdraw(call: Call, waybill: Waybill, handover: Handover) -> None:
    """The alarm goes with the late signature, or with the waybill; one that the desk has handled stays as it was handled."""
    _put(call, _alarm(waybill, handover, call.now, withdrawn=True))


def raise_refused(call: Call, waybill: Waybill, handover: Handover) -> None:
    """Nobody will sign for it any more, so nobody waits: the desk hears of it at once, if it has not yet."""
    _put(call, _alarm(waybill, handover, call.now))


def raise_overdue(host: Host) -> bool:
    """Raise what is due by now; whether anything was. Safe in several processes at once."""
    now = host.clock.now()
    keeper = traceability.keeper_of(host.settings)

    def act(connection: Connection, timer: Timer) -> None:
        handover = store.find(connection, timer.key)
        kept = waybills.find(connection, handover.waybill_id) if handover else None
        if handover is None or kept is None or handover.state is not HandoverState.OFFERED:
            return
        if kept.waybill.state is not State.VOIDED:
            alarms.put_alarms(connection, keeper, [_alarm(kept.waybill, handover, now)], now)

    fired = fire_due(host.engine, _KIND, now, act)
    if fired:
        host.bus.publish(alarms.WAKE)
    return fired > 0


def alarm_id(handover: Handover) -> str:
    return f"handover-{hashlib.sha256(handover.id.encode()).hexdigest()[:32]}"


def _put(call: Call, alarm: alarms.Alarm) -> None:
    alarms.put_alarms(call.transaction, traceability.keeper_of(call.settings), [alarm], call.now)
    call.on_commit(lambda: call.bus.publish(alarms.WAKE))


def _alarm(waybill: Waybill, handover: Handover, at: datetime, *, withdrawn: bool = False) -> alarms.Alarm:
    """As of ``at``: overdue since then, refused then, or signed for all the same."""
    taker = (handover.taker.name or handover.taker.organisation_id) if handover.taker else ""
    zh, en = WORDS[handover.kind]
    refused = handover.answer.refused_reason if handover.answer else ""
    evidence = {"handover_id": handover.id, "taker": taker, "statement_digest": handover.statement_digest.hex()}
    what_zh, what_en = "未在时限内会签", "has not countersigned in time"
    if refused:
        evidence["refused_reason"] = refused
        what_zh, what_en = f"拒绝（{refused}）", f"refused ({refused})"
    elif handover.state is HandoverState.WITHDRAWN:
        what_zh, what_en = "的交接已撤回", "is not asked any more"
    elif waybill.state is State.VOIDED:
        what_zh, what_en = "不再需要会签：运单已作废", "need not countersign: the waybill is void"
    elif withdrawn:
        what_zh, what_en = "逾期后已会签", "has countersigned, late"
    return alarms.Alarm(
        id=alarm_id(handover),
        kind=alarms.Kind.HANDOVER_OPEN,
        vehicle_id=next(reversed(waybill.resources(Role.TRACTOR)), ""),
        carrier_id=waybill.carrier_id,
        division=waybill.origin.division_code if waybill.origin else "",
        waybill_id=waybill.id,
        occurred_at=at if handover.due_at is None or refused else handover.due_at,
        ended_at=at if withdrawn else None,
        evidence=evidence,
        revision=2 if withdrawn else 1,
        state=alarms.State.WITHDRAWN if withdrawn else alarms.State.OPEN,
        cause=handover.kind.name,
        text_zh=f"{zh}：{taker}{what_zh}",
        text_en=f"Hand-over ({en}): {taker} {what_en}",
    )
