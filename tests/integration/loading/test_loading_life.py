"""A loading from the gate to the clearance, over the wire of a real server."""

from __future__ import annotations

import pytest

from hazway.loading.v1 import loading_pb2 as pb
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as waybill
from tests.integration.loading.depot import Depot, failed, reasons


def test_a_passed_check_leads_to_a_record_and_a_lorry_that_may_leave(depot: Depot) -> None:
    answer = depot.submit()
    assert answer.outcome == pb.RESULT_PASS, failed(answer)
    assert answer.registered.subject == f"waybill/{depot.waybill.id}"
    assert depot.permit() == answer.permit
    assert depot.weigh().state == pb.STATE_FILLED
    assert depot.seal().outcome == pb.RESULT_PASS
    record = depot.record().record
    assert record.waybill_number == depot.waybill.number
    assert record.net_g == record.lines[0].mass_g == 28_000_000
    assert (record.lines[0].un_number, record.lines[0].hazard_class) == ("1203", "3")
    assert record.retain_until.iso == "2029-11-02"
    assert depot.tank().state.condition == registry.TANK_CONDITION_LOADED
    departed = depot.depart()
    assert departed.waybill.state == waybill.STATE_IN_TRANSIT
    assert departed.waybill.goods[0].actual_mass_g == 28_000_000


def test_a_failed_check_gives_no_permit_and_no_departure(depot: Depot) -> None:
    answer = depot.fail()
    assert answer.outcome == pb.RESULT_FAIL
    assert failed(answer) == {"KEYS_HELD"}
    assert answer.may_leave_empty
    assert not answer.HasField("permit")
    with pytest.raises(Refused) as caught:
        depot.permit()
    assert reasons(caught) == {"LOADING_NOT_PERMITTED"}
    with pytest.raises(Refused):
        depot.weigh()
    with pytest.raises(Refused) as caught:
        depot.depart()
    assert "CLEARANCE_MISSING" in reasons(caught)
