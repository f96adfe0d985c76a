"""Repeats, races and strangers: one record whatever happens, and nothing learnt by others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hazway import ids
from hazway.loading.v1 import loading_pb2 as pb
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, POLICE, RIVAL, TRANSPORT
from tests.integration.loading.depot import Depot, reasons


def rows(depot: Depot, table: str) -> int:
    with depot.cast.world.host.engine.begin() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_the_same_request_twice_gives_the_same_answer_and_changes_nothing(depot: Depot) -> None:
    check = pb.SubmitCheckRequest(check=depot.a_check())
    first = depot.call("SubmitCheck", check)
    assert depot.call("SubmitCheck", check) == first
    depot.weigh()
    depot.seal()
    record = pb.RecordLoadingRequest(record=depot.a_record())
    done = depot.call("RecordLoading", record)
    before = [rows(depot, table) for table in ("loading_checks", "loading_records", "waybill_clearances")]
    assert depot.call("RecordLoading", record) == done
    assert depot.call("SubmitCheck", check) == first  # an old retry undoes nothing
    assert depot.loading().state == pb.STATE_RECORDED
    assert [rows(depot, table) for table in ("loading_checks", "loading_records", "waybill_clearances")] == before


def test_a_check_of_the_same_id_is_not_taken_twice(depot: Depot) -> None:
    check = depot.a_check(KEYS_HELD=pb.RESULT_FAIL)
    depot.submit(check)
    with pytest.raises(Refused) as caught:
        depot.submit(check)
    assert reasons(caught) == {"LOADING_ID_TAKEN"}
    assert rows(depot, "loading_checks") == 1


def test_judging_only_changes_nothing(depot: Depot) -> None:
    tried = depot.call("SubmitCheck", pb.SubmitCheckRequest(check=depot.a_check(), validate_only=True))
    assert tried.outcome == pb.RESULT_PASS
    assert not tried.HasField("registered")
    assert depot.loading().state == pb.STATE_NEW
    assert rows(depot, "loading_checks") == 0


def test_of_eight_records_at_once_one_stands(depot: Depot) -> None:
    depot.submit()
    depot.weigh()
    depot.seal()
    outcomes = at_once([lambda: depot.call("RecordLoading", pb.RecordLoadingRequest(record=depot.a_record()))] * 8)
    assert outcomes.count("OK") == 1
    assert set(outcomes) <= {"OK", "LOADING_RECORDED"}
    assert rows(depot, "loading_records") == 1
    assert rows(depot, "waybill_clearances") == 1


def test_a_fail_racing_a_record_never_leaves_a_cleared_refused_load(depot: Depot) -> None:
    depot.submit()
    depot.weigh()
    depot.seal()
    bad = depot.a_check(KEYS_HELD=pb.RESULT_FAIL)
    outcomes = at_once([depot.record, lambda: depot.submit(bad)])
    assert outcomes[1] == "OK"
    assert outcomes[0] in ("OK", "LOADING_NOT_PERMITTED")
    assert depot.loading().state == pb.STATE_CHECKED_FAIL
    with pytest.raises(Refused) as caught:
        depot.depart()
    assert "CLEARANCE_MISSING" in reasons(caught)


@pytest.mark.parametrize("attempt", range(3))
def test_a_fail_racing_the_departure_holds_the_lorry_or_comes_too_late(depot: Depot, attempt: int) -> None:
    bad = depot.a_check(KEYS_HELD=pb.RESULT_FAIL)
    depot.load()
    racing: list[Callable[[], Any]] = [depot.depart, lambda: depot.submit(bad)]
    outcomes = at_once(racing if attempt % 2 else racing[::-1])
    assert sorted(outcomes) in (["ALREADY_DEPARTED", "OK"], ["CLEARANCE_MISSING", "OK"])


def at_once(calls: list[Callable[[], Any]]) -> list[str]:
    """OK or the reason of the refusal, for each call."""

    def one(call: Callable[[], Any]) -> str:
        try:
            call()
        except Refused as refusal:
            return refusal.faults[0].reason
        return "OK"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def attempts(waybill_id: str) -> dict[str, Any]:
    return {
        "CreateAppointment": pb.CreateAppointmentRequest(waybill_id=waybill_id),
        "GetChecklist": pb.GetChecklistRequest(waybill_id=waybill_id),
        "SubmitCheck": pb.SubmitCheckRequest(check=pb.Check(id=ids.new_id(), waybill_id=waybill_id)),
        "GetFillPermit": pb.GetFillPermitRequest(waybill_id=waybill_id),
        "RecordWeights": pb.RecordWeightsRequest(waybill_id=waybill_id),
        "RecordPostFill": pb.RecordPostFillRequest(waybill_id=waybill_id),
        "RecordLoading": pb.RecordLoadingRequest(record=pb.LoadingRecord(id=ids.new_id(), waybill_id=waybill_id)),
        "GetLoading": pb.GetLoadingRequest(waybill_id=waybill_id),
    }


@pytest.mark.parametrize("stranger", [RIVAL, POLICE])
def test_a_stranger_cannot_tell_a_loading_from_nothing(depot: Depot, stranger: str) -> None:
    depot.load()
    for method in attempts(""):
        answers = []
        for waybill_id in (depot.waybill.id, ids.new_id()):
            with pytest.raises(Refused) as caught:
                depot.call(method, attempts(waybill_id)[method], by=stranger, purpose="查验")
            answers.append((caught.value.code, caught.value.message, caught.value.faults))
        assert answers[0] == answers[1]


@pytest.mark.parametrize("party", [CARRIER, CONSIGNOR, CONSIGNEE])
def test_a_party_sees_the_loading_and_states_nothing_of_it(depot: Depot, party: str) -> None:
    depot.load()
    assert depot.loading(by=party).record.net_g == 28_000_000
    assert depot.permit(by=party).maximum_total_g == 30_000_000
    for method in ("SubmitCheck", "RecordWeights", "RecordPostFill", "RecordLoading", "CreateAppointment"):
        with pytest.raises(Refused) as caught:
            depot.call(method, attempts(depot.waybill.id)[method], by=party)
        assert reasons(caught) <= {"NOT_FOUND", "NOT_ALLOWED"}


def test_an_authority_looks_with_a_purpose_that_is_logged(depot: Depot) -> None:
    depot.load()
    with pytest.raises(Refused):
        depot.loading(by=TRANSPORT)
    assert depot.loading(by=TRANSPORT, purpose="装货检查").state == pb.STATE_RECORDED


def test_another_loader_loads_nothing_here(depot: Depot) -> None:
    cast = depot.cast
    other = registry.Organisation(
        id="loader-2", name="另一油库", credit_code=_credit_code(), kinds=[registry.ORGANISATION_KIND_LOADER],
        division_code="440308",
    )  # fmt: skip
    cast.register(registry.RegisterOrganisationRequest(organisation=other), by="operator")
    cast.clients["loader-2"] = cast.world.client("loader-2")
    with pytest.raises(Refused) as caught:
        depot.checklist(by="loader-2")
    assert reasons(caught) == {"NOT_FOUND"}
    assert depot.checklist(by=LOADER).state == pb.STATE_NEW


def _credit_code() -> str:
    from tests.integration.registry.registry_house import a_credit_code

    return a_credit_code(77)
