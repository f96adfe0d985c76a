"""Bodies expire by their class, never under a hold, never unsaid; what is left still verifies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazway import record
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2 as pb
from hazway.trust import Trust
from services import traceability
from services.traceability import retention
from services.traceability.expiry import expire_due
from tests.cast import CARRIER, TRANSPORT, Cast, a_waybill
from tests.world import World

HOLD = "hazway.traceability.v1.TraceabilityService/SetLegalHold"
TrustOf = Callable[..., Trust]


def state(world: World, kind: str, subject: str, number: int = 0) -> None:
    with world.host.engine.begin() as connection:
        traceability.state(
            connection, traceability.keeper_of(world.host.settings), kind=kind, subject=subject,
            body={"number": number}, request_id=f"{kind}-{subject}-{number}", at=world.clock.now(),
        )  # fmt: skip


def expire(world: World) -> None:
    """As the worker does, with the time for going exports left out."""
    world.settle()
    for _ in range(3):
        keeper = traceability.keeper_of(world.host.settings)
        while expire_due(world.host.engine, keeper, world.clock.now(), grace_s=0):
            pass
        world.settle()


def kinds(world: World, subject: str, trust: Trust) -> list[str]:
    """What is left of each statement, as the verified export says it."""
    from services.traceability.export import export

    with world.host.engine.begin() as connection:
        bundle = export(connection, traceability.keeper_of(world.host.settings), subject, world.clock.now())
    facts = record.verify(bundle, trust).subjects[0].facts
    return [fact.absent or (fact.statement.kind if fact.statement else "?") for fact in facts]


def test_a_body_goes_when_its_time_is_over_and_the_record_still_verifies(world: World, trust_of: TrustOf) -> None:
    state(world, "waybill.issue", "waybill/w1")
    world.clock.advance(days=400)
    state(world, "waybill.depart", "waybill/w1")
    world.clock.advance(days=3 * 365 - 400 + 2)
    expire(world)
    assert kinds(world, "waybill/w1", trust_of(world)) == ["expired", "waybill.depart", "record.expire"]


def test_fireworks_are_kept_ten_years_and_keys_for_ever(world: World, trust_of: TrustOf) -> None:
    state(world, "fireworks.ship", "lot/l1")
    world.clock.advance(days=10 * 365)
    expire(world)
    assert kinds(world, "lot/l1", trust_of(world)) == ["fireworks.ship"]
    world.clock.advance(days=5)
    expire(world)
    assert kinds(world, "lot/l1", trust_of(world)) == ["expired", "record.expire"]
    world.clock.advance(days=50 * 365)
    expire(world)
    assert kinds(world, "lot/l1", trust_of(world)) == ["expired", "record.expire"]


def test_expiring_twice_says_it_once(world: World, trust_of: TrustOf) -> None:
    state(world, "loading.record", "waybill/w2")
    world.clock.advance(days=4 * 365)
    expire(world)
    expire(world)
    assert kinds(world, "waybill/w2", trust_of(world)) == ["expired", "record.expire"]


def test_a_body_stays_until_its_expiry_is_in_the_log(world: World, trust_of: TrustOf) -> None:
    state(world, "loading.record", "waybill/w3")
    world.settle()
    world.clock.advance(days=4 * 365)
    keeper = traceability.keeper_of(world.host.settings)
    expire_due(world.host.engine, keeper, world.clock.now(), grace_s=0)
    assert kinds(world, "waybill/w3", trust_of(world)) == ["loading.record"]
    world.settle()
    assert kinds(world, "waybill/w3", trust_of(world)) == ["loading.record", "record.expire"]


def test_under_a_hold_nothing_expires_until_it_is_lifted(cast: Cast, trust_of: TrustOf) -> None:
    world = cast.world
    message = cast.issue(a_waybill()).waybill
    subject = f"waybill/{message.id}"
    _hold(cast, subject, held=True)
    world.settle()
    world.clock.advance(days=4 * 365)
    expire(world)
    assert kinds(world, subject, trust_of(world))[:2] == ["waybill.issue", "record.hold"]
    with pytest.raises(Refused) as refused:
        _hold(cast, subject, held=False, by=CARRIER)
    assert refused.value.reasons == {"NOT_ALLOWED"}
    assert _hold(cast, subject, held=False, by="operator").held  # lifts the operator's own, which there is none of
    assert not _hold(cast, subject, held=False).held
    expire(world)
    assert kinds(world, subject, trust_of(world))[0] == "expired"


def test_a_hold_set_after_the_expiry_was_said_still_keeps_the_body(cast: Cast, trust_of: TrustOf) -> None:
    world = cast.world
    message = cast.issue(a_waybill()).waybill
    subject = f"waybill/{message.id}"
    world.settle()
    world.clock.advance(days=4 * 365)
    keeper = traceability.keeper_of(world.host.settings)
    expire_due(world.host.engine, keeper, world.clock.now(), grace_s=3600)
    world.settle()
    _hold(cast, subject, held=True)
    expire(world)
    assert kinds(world, subject, trust_of(world))[0] == "waybill.issue"


def _hold(cast: Cast, subject: str, *, held: bool, by: str = TRANSPORT) -> pb.SetLegalHoldResponse:
    request = pb.SetLegalHoldRequest(subject=subject, held=held, reason="（2026）查字第7号")
    options = {"purpose": "查处"} if by == TRANSPORT else {}
    answer: pb.SetLegalHoldResponse = cast.call(by, HOLD, request, **options)
    return answer


def test_the_longest_prefix_decides() -> None:
    on = date(2026, 11, 2)
    assert retention.class_of("fireworks.ship", on).months == 120
    assert retention.class_of("key.register", on).months is None
    assert retention.class_of("something.else", on).months == 36


@pytest.mark.parametrize("one", retention.CLASSES, ids=lambda one: one.prefix or "default")
def test_no_class_keeps_less_than_the_law_asks(one: retention.RetentionClass) -> None:
    assert one.months is None or one.months >= one.least
    assert one.basis


@given(months=st.integers(0, 600), at=st.datetimes(datetime(2020, 1, 1), datetime(2099, 12, 31)))
def test_months_are_counted_by_the_calendar(months: int, at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    before = retention.expires_before(months, at)
    counted = (at.year - before.year) * 12 + at.month - before.month
    assert counted == months
    assert before.day == at.day or (before.day < at.day and (before + timedelta(days=1)).day == 1)
