"""WB-13: who may hand over what, when, and what a taker's answer must be. Pure; the time limits are dated data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from services.errors import Basis, Finding, Reason, Severity
from services.errors.waybill.handover import (
    HANDOVER_ANSWERED,
    HANDOVER_DIFFERS,
    HANDOVER_DIGEST_DIFFERS,
    HANDOVER_IMPOSSIBLE,
    HANDOVER_NOT_HOLDER,
    HANDOVER_NOT_NOW,
    HANDOVER_TO_ONESELF,
)
from services.errors.waybill.issuing import GOODS_LINE_UNKNOWN
from services.errors.waybill.under_way import TOO_EARLY, WAYBILL_VOID
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.delivery import aboard_g
from services.waybill.handover.custody import custodian_of, holder, parked_with
from services.waybill.handover.model import Custodian, Handover, HandoverKind, HandoverState, ReceivedLine
from services.waybill.model import Role, State, Waybill
from services.waybill.revision.reassignment import aboard

RULE = "WB-13"
WORDS = {
    HandoverKind.LOADING: ("装货交接", "loading"),
    HandoverKind.CREW: ("人员交接", "crew"),
    HandoverKind.VEHICLE: ("车辆交接", "vehicle"),
    HandoverKind.PARKED: ("甩挂寄存", "parked trailer"),
    HandoverKind.TAKEN_UP: ("取回", "trailer taken up"),
    HandoverKind.DELIVERY: ("卸货交接", "delivery"),
}
_STATES = {
    HandoverState.COUNTERSIGNED: ("会签", "countersigned"),
    HandoverState.REFUSED: ("拒绝", "refused"),
    HandoverState.WITHDRAWN: ("撤回", "withdrawn"),
}
_POLICY = Basis("平台默认策略", "default policy of the platform", "", None, None, True)
# How long a taker has to sign before the carrier's desk hears of it. A change is a new row with its dates, never an edit.
COUNTERSIGNED_WITHIN: Mapping[HandoverKind, tuple[tuple[timedelta, Basis], ...]] = {
    HandoverKind.LOADING: ((timedelta(hours=1), _POLICY),),
    HandoverKind.CREW: ((timedelta(minutes=30), _POLICY),),
    HandoverKind.VEHICLE: ((timedelta(minutes=30), _POLICY),),
    HandoverKind.PARKED: ((timedelta(hours=2), _POLICY),),
    HandoverKind.TAKEN_UP: ((timedelta(hours=2), _POLICY),),
    HandoverKind.DELIVERY: ((timedelta(hours=24), _POLICY),),
}
_OFFERED_IN = {
    HandoverKind.LOADING: (State.LOADED, State.IN_TRANSIT, State.ARRIVED),
    HandoverKind.PARKED: (State.IN_TRANSIT,),
    HandoverKind.TAKEN_UP: (State.IN_TRANSIT,),
    HandoverKind.DELIVERY: (State.IN_TRANSIT, State.ARRIVED),
}
_LIVING = (HandoverState.OFFERED, HandoverState.COUNTERSIGNED)


def countersigned_within(kind: HandoverKind, day: date) -> timedelta:
    """The time in force on a day, or the oldest row's where none is yet."""
    rows = COUNTERSIGNED_WITHIN[kind]
    return next((time for time, basis in rows if basis.in_force(day)), rows[0][0])


def check_offer(
    waybill: Waybill, chain: Sequence[Handover], offer: Handover, giver: Custodian, taker: Custodian, at: datetime
) -> tuple[Finding, ...]:
    """What is wrong with a hand-over that happened ``at``; paths are of the offer, under ``handover``."""
    return (
        *_in_time(waybill, chain, offer, at),
        *_between_two(waybill, chain, giver, taker, offer.kind, at),
        *_quantities(waybill, offer, at),
    )


def _in_time(waybill: Waybill, chain: Sequence[Handover], offer: Handover, at: datetime) -> Iterator[Finding]:
    if offer.kind not in _OFFERED_IN:
        yield _not_now(offer, "由更换人员车辆产生", "an exchange of crew or vehicle makes it", at)
        return
    if waybill.state not in _OFFERED_IN[offer.kind]:
        yield _not_now(offer, f"运单状态为 {waybill.state.value}", f"the waybill is {waybill.state.value}", at)
    alike = (
        each for each in chain if each.kind is offer.kind and each.state in _LIVING
        and (each.stop_number == offer.stop_number or offer.kind is not HandoverKind.DELIVERY)
        and not (offer.kind is HandoverKind.PARKED and _taken_up_since(chain, each))
        and (offer.kind is not HandoverKind.TAKEN_UP or each.state is HandoverState.OFFERED)
    )  # fmt: skip
    if (other := next(alike, None)) is not None:
        yield _not_now(offer, f"已有交接 {other.id}", f"there is hand-over {other.id}", at)
    if offer.kind is HandoverKind.PARKED:
        if not aboard(waybill, Role.TRAILER, at):
            yield _not_now(offer, "没有挂车", "there is no trailer", at)
        if waybill.under_correction:
            yield _not_now(offer, "有更正待会签", "a correction waits for signatures", at)
    if offer.revision != waybill.revision:
        zh, en = f"运单现为第 {waybill.revision} 版", f"the waybill is at revision {waybill.revision}"
        yield _not_now(offer, zh, en, at, path="handover.revision")
    earliest = _earliest(waybill, chain, offer.kind)
    if earliest is not None and at < earliest:
        yield finding(TOO_EARLY, "handover.handed_at", at, before=earliest.isoformat())


def _taken_up_since(chain: Sequence[Handover], parked: Handover) -> bool:
    later = chain[chain.index(parked) + 1 :]
    return any(each.kind is HandoverKind.TAKEN_UP and each.state is HandoverState.COUNTERSIGNED for each in later)


def _earliest(waybill: Waybill, chain: Sequence[Handover], kind: HandoverKind) -> datetime | None:
    """No hand-over comes before the one that brought the load to its giver."""
    if kind is HandoverKind.LOADING:
        return waybill.issued_at
    changes = (HandoverKind.PARKED, HandoverKind.TAKEN_UP)
    times = [each.handed_at for each in chain if each.kind in changes and each.state in _LIVING]
    return max((each for each in (*times, waybill.departed_at) if each is not None), default=None)


def _between_two(
    waybill: Waybill, chain: Sequence[Handover], giver: Custodian, taker: Custodian, kind: HandoverKind, at: datetime
) -> Iterator[Finding]:
    """The loader gives it to the carrier, a site gives back what was left with it, and everything else is the carrier's."""
    now = holder(waybill, chain, at)
    gives = {HandoverKind.LOADING: custodian_of(waybill.loader), HandoverKind.TAKEN_UP: parked_with(chain)}.get(
        kind, now
    )
    wrong = gives is None or giver.organisation_id != gives.organisation_id
    carrier = custodian_of(waybill.carrier).organisation_id
    if wrong or (kind in (HandoverKind.PARKED, HandoverKind.DELIVERY) and giver.organisation_id != carrier):
        yield finding(HANDOVER_NOT_HOLDER, "handover.kind", at, holder=now.name or now.organisation_id)
    if is_oneself(giver, taker):
        yield finding(HANDOVER_TO_ONESELF, "handover.taker", at)


def is_oneself(giver: Custodian, taker: Custodian) -> bool:
    """Within one organisation two people are named: what it signs with one hand is no word of the other."""
    same = taker.organisation_id == giver.organisation_id
    return same and (not taker.person_id or taker.person_id == giver.person_id)


def _quantities(waybill: Waybill, offer: Handover, at: datetime) -> Iterator[Finding]:
    left, stated = aboard_g(waybill), totals(offer)
    for index, line in enumerate(offer.lines):
        if line.goods_number not in left:
            yield finding(GOODS_LINE_UNKNOWN, f"handover.lines[{index}].goods_number", at, line=line.goods_number)
        if line.mass_g < 0:
            yield finding(HANDOVER_IMPOSSIBLE, f"handover.lines[{index}].mass_g", at, line=line.goods_number,
                          aboard=left.get(line.goods_number, 0), total=line.mass_g)  # fmt: skip
    for number, mass_g in left.items():
        found = stated.get(number, 0)
        if found > mass_g:
            yield finding(HANDOVER_IMPOSSIBLE, "handover.lines", at, line=number, aboard=mass_g, total=found)
        elif found != mass_g and offer.kind is not HandoverKind.DELIVERY:
            values = {"line": number, "expected": mass_g, "found": found}
            yield finding(HANDOVER_DIFFERS, "handover.lines", at, severity=Severity.WARNING, **values)


def totals(offer: Handover) -> dict[int, int]:
    """Grams by goods line, whatever compartments they are in."""
    stated: dict[int, int] = {}
    for line in offer.lines:
        stated[line.goods_number] = stated.get(line.goods_number, 0) + line.mass_g
    return stated


def check_open(waybill: Waybill, offer: Handover, at: datetime) -> tuple[Finding, ...]:
    """Whether it can still be answered or taken back. Late is no fault, and neither is the end of the trip."""
    if offer.state is not HandoverState.OFFERED:
        zh, en = _STATES[offer.state]
        return (finding(HANDOVER_ANSWERED, "handover_id", at, state=zh, state_en=en),)
    return (finding(WAYBILL_VOID, "waybill.state", at),) if waybill.state is State.VOIDED else ()


def check_answer(
    waybill: Waybill, offer: Handover, digest: bytes, received: Sequence[ReceivedLine], at: datetime
) -> tuple[Finding, ...]:
    """The answer is to what the giver signed, and tells of its lines, each once, grams that can be."""
    return (*check_open(waybill, offer, at), *_faults(offer, digest, received, at))


def _faults(offer: Handover, digest: bytes, received: Sequence[ReceivedLine], at: datetime) -> Iterator[Finding]:
    if digest != offer.statement_digest:
        yield finding(HANDOVER_DIGEST_DIFFERS, "statement_digest", at)
    if offer.handed_at is not None and at < offer.handed_at:
        yield finding(TOO_EARLY, "signed_at", at, before=offer.handed_at.isoformat())
    stated = totals(offer)
    for index, line in enumerate(received):
        again = any(each.goods_number == line.goods_number for each in received[:index])
        if again or line.goods_number not in stated:
            yield finding(GOODS_LINE_UNKNOWN, f"received[{index}].goods_number", at, line=line.goods_number)
        elif min(line.delivered_g, line.returned_g) < 0 or (
            line.returned_g and offer.kind is not HandoverKind.DELIVERY
        ):
            yield finding(HANDOVER_IMPOSSIBLE, f"received[{index}]", at, line=line.goods_number,
                          aboard=stated[line.goods_number], total=line.delivered_g + line.returned_g)  # fmt: skip


def found_otherwise(offer: Handover, received: Sequence[ReceivedLine], at: datetime) -> tuple[Finding, ...]:
    """A warning for each line of which the taker found another quantity than was stated."""
    stated = totals(offer)
    return tuple(
        finding(HANDOVER_DIFFERS, f"received[{index}]", at, severity=Severity.WARNING, line=line.goods_number,
                expected=stated.get(line.goods_number, 0), found=line.delivered_g)
        for index, line in enumerate(received)
        if line.delivered_g != stated.get(line.goods_number, 0)
    )  # fmt: skip


def is_taker(offer: Handover, organisation_id: str, person_id: str) -> bool:
    """Whether this caller may sign for the taker with a key: of its organisation, and the person where one is named."""
    taker = offer.taker
    if taker is None or not taker.organisation_id or taker.organisation_id != organisation_id:
        return False
    return taker.person_id in ("", person_id)


def may_carry_code(waybill: Waybill, offer: Handover, organisation_id: str) -> bool:
    """Who may learn the code: the taker's side, at a stop or a site also consignee and consignor; never the giver's."""
    if offer.giver is None or organisation_id == offer.giver.organisation_id:
        return False
    parties = (
        (waybill.consignee, waybill.consignor) if offer.kind in (HandoverKind.DELIVERY, HandoverKind.PARKED) else ()
    )
    known = {offer.taker.organisation_id if offer.taker else "", *(each.organisation_id for each in parties if each)}
    return organisation_id in known - {""}


def _not_now(offer: Handover, problem_zh: str, problem: str, at: datetime, path: str = "handover.kind") -> Finding:
    zh, en = WORDS[offer.kind]
    return finding(HANDOVER_NOT_NOW, path, at, kind=zh, kind_en=en, problem_zh=problem_zh, problem=problem)


def finding(
    reason: Reason, path: str, at: datetime, *, severity: Severity = Severity.ERROR, **values: object
) -> Finding:
    return Finding(
        reason=reason, path=path, severity=severity, rule=RULE, basis=basis_on(RULE, legal_day(at)),
        values={name: str(value) for name, value in values.items()},
    )  # fmt: skip
