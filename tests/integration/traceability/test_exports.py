"""What is exported to whom: by waybill, vehicle and period, organisation, zone, keys; and always verifiable offline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from hazway import record, tlog_proof
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2 as pb
from hazway.trust import Trust
from hazway.waybill.v1 import waybill_pb2 as waybill
from services import traceability
from tests.cast import CARRIER, CONSIGNEE, POLICE, RIVAL, TRANSPORT, Cast, a_waybill

SERVICE = "hazway.traceability.v1.TraceabilityService"
TrustOf = Callable[..., Trust]


@pytest.fixture
def two_trips(cast: Cast) -> tuple[Cast, str, str]:
    """Today's trip, driven to its end, and one of three days later."""
    first = cast.issue(a_waybill()).waybill
    cast.clear(first)
    cast.world.clock.advance(hours=2)
    cast.call(CARRIER, "DepartWaybill", waybill.DepartWaybillRequest(waybill_id=first.id))
    cast.world.clock.advance(hours=4)
    cast.call(CARRIER, "ArriveWaybill", waybill.ArriveWaybillRequest(waybill_id=first.id))
    cast.call(CONSIGNEE, "SignDelivery", waybill.SignDeliveryRequest(waybill_id=first.id, signed_by="陈站长"))
    cast.world.clock.advance(days=2)
    second = cast.issue(a_waybill(departure=datetime(2026, 11, 5, 2, tzinfo=UTC))).waybill
    cast.world.settle()
    return cast, first.id, second.id


def test_a_vehicles_record_holds_its_trips(two_trips: tuple[Cast, str, str], trust_of: TrustOf) -> None:
    cast, first, second = two_trips
    verified = record.verify(cast.clients[CARRIER].export_record("vehicle/tractor"), trust_of(cast.world))
    assert [each.subject for each in verified.subjects] == [
        "vehicle/tractor", f"waybill/{first}", f"waybill/{second}"
    ]  # fmt: skip
    said = [fact.statement.kind for fact in verified.subjects[1].facts if fact.statement is not None]
    assert said[:4] == ["waybill.issue", "waybill.depart", "waybill.arrive", "waybill.sign"]
    assert all(fact.absent is None for each in verified.subjects for fact in each.facts)


def test_a_period_shows_what_lies_in_it_and_proves_the_rest_is_there(
    two_trips: tuple[Cast, str, str], trust_of: TrustOf
) -> None:
    cast, first, _ = two_trips
    start = datetime(2026, 11, 2, 1, tzinfo=UTC)
    end = start + timedelta(hours=2)
    verified = record.verify(
        cast.clients[CARRIER].export_record("vehicle/tractor", start=start, end=end), trust_of(cast.world)
    )
    assert [each.subject for each in verified.subjects] == ["vehicle/tractor", f"waybill/{first}"]
    trip = verified.subjects[1].facts[:4]  # alarms of the silent vehicle follow
    assert [(fact.registration.seq, fact.absent) for fact in trip] == [
        (1, "period"), (2, None), (3, "period"), (4, "period")
    ]  # fmt: skip


def test_an_organisations_record_holds_every_trip_it_is_named_in(
    two_trips: tuple[Cast, str, str], trust_of: TrustOf
) -> None:
    cast, first, second = two_trips
    for organisation in (CARRIER, CONSIGNEE):
        bundle = cast.clients[organisation].export_record(f"organisation/{organisation}")
        subjects = [each.subject for each in record.verify(bundle, trust_of(cast.world)).subjects]
        assert subjects == [f"organisation/{organisation}", f"waybill/{first}", f"waybill/{second}"]


def test_the_keys_of_an_organisation_can_be_exported_alone(cast: Cast, trust_of: TrustOf) -> None:
    cast.world.settle()
    verified = record.verify(cast.clients[RIVAL].export_record(f"keys/{CARRIER}"), trust_of(cast.world))
    assert {key.organisation for key in verified.keys} == {"operator", CARRIER}


@pytest.mark.parametrize("subject", ["vehicle/tractor", "organisation/carrier", "tank/tank", "person/driver"])
def test_a_rival_learns_nothing_not_even_whether_it_is_there(cast: Cast, subject: str) -> None:
    cast.world.settle()
    for asked in (subject, f"{subject}-that-is-not"):
        with pytest.raises(Refused) as refused:
            cast.clients[RIVAL].export_record(asked)
        assert refused.value.reasons == {"NOT_FOUND"}
        assert refused.value.message.startswith("未找到，或您无权查看")


def test_an_authority_sees_what_lies_in_its_division_and_says_why(
    two_trips: tuple[Cast, str, str], trust_of: TrustOf
) -> None:
    cast, first, second = two_trips
    bundle = cast.clients[TRANSPORT].export_record("vehicle/tractor", purpose="年度检查 yearly inspection")
    assert len(record.verify(bundle, trust_of(cast.world)).subjects) == 3
    with pytest.raises(Refused) as without_purpose:
        cast.clients[TRANSPORT].export_record("vehicle/tractor")
    assert [fault.path for fault in without_purpose.value.faults] == ["hazway-purpose"]
    with pytest.raises(Refused) as elsewhere:
        cast.clients[POLICE].export_record("vehicle/tractor", purpose="年度检查")
    assert elsewhere.value.reasons == {"NOT_FOUND"}
    assert first != second


def test_a_period_must_be_one(cast: Cast) -> None:
    now = cast.world.clock.now()
    client = cast.clients[CARRIER]
    for start, end, path in (
        (None, now + timedelta(seconds=1), "end_time"),
        (now, now, "start_time"),
        (now + timedelta(days=1), None, "start_time"),
    ):
        with pytest.raises(Refused) as refused:
            client.export_record("vehicle/tractor", start=start, end=end)
        assert [fault.path for fault in refused.value.faults] == [path]


def test_proof_text_says_that_a_registration_is_in_the_log(cast: Cast) -> None:
    issued = cast.issue(a_waybill())
    asked = pb.GetProofRequest(registration_digest=issued.registered.digest)
    with pytest.raises(Refused) as early:
        cast.clients[CARRIER].call(f"{SERVICE}/GetProof", asked, patience_s=0.1)
    assert early.value.reasons == {"NOT_YET_IN_LOG"}
    cast.world.settle()
    answer = cast.clients[CARRIER].call(f"{SERVICE}/GetProof", asked)
    keeper = traceability.keeper_of(cast.world.host.settings)
    proven = tlog_proof.verify(answer.proof, issued.registered.digest, [keeper.note_signer.verifier])
    receipt = cast.clients[CARRIER].receipt(issued.registered.digest)
    assert proven.index == receipt.leaf_index
    assert answer.registration == receipt.registration
