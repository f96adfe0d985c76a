"""The unary calls as plain HTTP with JSON, by certificate and by token, against whatever a client may send."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2
from sqlalchemy import text

from hazway import ids
from hazway.waybill.v1 import waybill_pb2 as pb
from services.runtime.certificates import DevelopmentAuthority
from tests.cast import CARRIER, CONSIGNEE, LOADER, RIVAL, TRANSPORT, a_waybill
from tests.integration.console.conftest import Web, post


def a_request() -> pb.IssueWaybillRequest:
    return pb.IssueWaybillRequest(request_id=ids.new_id(), waybill=a_waybill())


def as_json(message: Any, *, camel: bool = False) -> dict[str, Any]:
    return json_format.MessageToDict(message, preserving_proto_field_name=not camel)


def test_a_fleet_system_issues_with_its_certificate_and_reads_with_it(web: Web) -> None:
    web.sign_for(CARRIER)
    fleet = web.fleet(CARRIER)
    request = a_request()
    issued = post(fleet, "IssueWaybill", web.signed(CARRIER, "IssueWaybill", request))
    assert issued.status_code == 200, issued.text
    assert issued.headers["content-type"].startswith("application/json")
    waybill = issued.json()["waybill"]
    assert (waybill["state"], waybill["number"]) == ("STATE_ISSUED", "C44030700000120261102000")
    assert waybill["goods"][0]["mass_g"] == "28000000"
    read = post(fleet, "GetWaybill", {"waybillId": request.waybill.id})
    assert read.json() == waybill
    over_grpc = web.cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=request.waybill.id))
    assert json_format.ParseDict(read.json(), pb.Waybill()) == over_grpc


def test_the_same_request_again_gets_the_same_answer_whatever_the_transport(web: Web) -> None:
    web.sign_for(CARRIER)
    request = a_request()
    first = post(web.fleet(CARRIER), "IssueWaybill", web.signed(CARRIER, "IssueWaybill", request))
    again = post(web.fleet(CARRIER), "IssueWaybill", as_json(request, camel=True))
    assert again.json() == first.json()
    assert as_json(web.cast.call(CARRIER, "IssueWaybill", request)) == first.json()


def test_the_binary_form_is_answered_in_the_binary_form(web: Web) -> None:
    waybill = web.cast.issue(a_waybill()).waybill
    content = pb.GetWaybillRequest(waybill_id=waybill.id).SerializeToString()
    answer = post(web.fleet(CARRIER), "GetWaybill", content, headers={"Content-Type": "application/proto"})
    assert answer.headers["content-type"] == "application/proto"
    assert pb.Waybill.FromString(answer.content).number == waybill.number


def test_a_person_reads_with_a_token_and_another_organisations_waybill_is_not_there(web: Web) -> None:
    waybill = web.cast.issue(a_waybill()).waybill
    asked = {"waybill_id": waybill.id}
    assert post(web.person(CARRIER, "driver"), "GetWaybill", asked).status_code == 200
    stranger = post(web.fleet(RIVAL), "GetWaybill", asked)
    unknown = post(web.fleet(RIVAL), "GetWaybill", {"waybill_id": ids.new_id()})
    assert stranger.status_code == unknown.status_code == 404
    assert stranger.json() == unknown.json()
    assert stranger.json()["code"] == "not_found"


def test_without_a_statement_a_machine_is_refused_and_a_person_is_signed_for_by_the_kept_key(web: Web) -> None:
    alone = post(web.fleet(CARRIER), "IssueWaybill", as_json(a_request()))
    assert [fault["reason"] for fault in alone.json()["faults"]] == ["STATEMENT_MISSING"]
    web.cast.clients[CARRIER].register_custodial_key()
    issued = post(web.fleet(CARRIER, "driver"), "IssueWaybill", as_json(a_request()))
    assert issued.status_code == 200, issued.text


def test_nobody_calls_without_a_valid_name(web: Web) -> None:
    client = web.client(verify=web.trust())
    for value in (b"", b"Bearer", b"Bearer forged", b"Basic eDp5", b"Bearer \xe9"):
        answer = post(client, "GetWaybill", {"waybill_id": "x"}, headers={b"Authorization": value})
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_bad_token_is_not_mended_by_a_good_certificate(web: Web) -> None:
    answer = post(web.fleet(CARRIER), "ListWaybills", {}, headers={"Authorization": "Bearer forged"})
    assert answer.status_code == 401


def test_a_certificate_of_another_authority_gets_no_connection(web: Web, tmp_path: Any) -> None:
    DevelopmentAuthority(tmp_path / "other").issue(CARRIER).write(web.folder / "forged")
    trust = web.trust()
    trust.load_cert_chain(web.folder / "forged" / "chain.pem", web.folder / "forged" / "key.pem")
    with pytest.raises(httpx.TransportError):
        post(web.client(verify=trust), "ListWaybills", {})


def test_all_faults_come_back_at_once_with_the_same_details_as_over_grpc(web: Web) -> None:
    request = a_request()
    request.waybill.goods[0].un_number = "9999"
    request.waybill.goods[0].mass_g = -1
    request.waybill.ClearField("origin")
    answer = post(web.fleet(CARRIER), "IssueWaybill", as_json(request)).json()
    paths = {fault["path"] for fault in answer["faults"]}
    assert {"waybill.origin", "waybill.goods[0].mass_g"} <= paths
    assert all(fault["zh"] and fault["en"] for fault in answer["faults"])
    details = {each["type"]: base64.b64decode(each["value"] + "==") for each in answer["details"]}
    info = error_details_pb2.ErrorInfo.FromString(details["google.rpc.ErrorInfo"])
    bad = error_details_pb2.BadRequest.FromString(details["google.rpc.BadRequest"])
    assert info.domain == "hazway"
    assert info.reason == answer["faults"][0]["reason"]
    assert {each.field for each in bad.field_violations} <= paths


def test_every_fault_of_the_json_is_told_with_its_path(web: Web) -> None:
    value = as_json(a_request())
    value["waybil"] = {}
    value["waybill"]["goods"][0] |= {"mass_g": "much", "un": "1203"}
    value["waybill"]["kind"] = "WAYBILL_KIND_ODD"
    value["waybill"]["planned_departure"] = "tomorrow"
    value["waybill"]["stops"] = {}
    value["statement"] = 5
    answer = post(web.fleet(CARRIER), "IssueWaybill", value)
    assert answer.status_code == 400
    assert {fault["path"] for fault in answer.json()["faults"]} == {
        "waybil", "waybill.goods[0].mass_g", "waybill.goods[0].un", "waybill.kind", "waybill.planned_departure",
        "waybill.stops", "statement",
    }  # fmt: skip


HOSTILE = {
    "nothing": b"",
    "no json": b"{",
    "a list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "nan": b'{"waybill_id": NaN}',
    "bytes": b"\xff\xfe{}",
    "surrogate": b'{"waybill_id": "\\ud800"}',
    "surrogate name": b'{"\\ud800": 1}',
    "zero byte": b'{"waybill_id": "\\u0000"}',
    "twice": b'{"waybill_id": "a", "waybill_id": "b"}',
    "two spellings": b'{"waybill_id": "a", "waybillId": "b"}',
    "deep list": b'{"waybill_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep object": b'{"waybill_id": ' * 50_000 + b"1" + b"}" * 50_000,
    "long number": b'{"waybill_id": ' + b"9" * 10_000 + b"}",
    "object for text": b'{"waybill_id": {"a": {"b": {}}}}',
    "extension": b'{"[hazway.x]": 1}',
}


def test_hostile_json_is_refused_and_never_an_error_of_the_server(web: Web) -> None:
    fleet = web.fleet(CARRIER)
    for name, content in HOSTILE.items():
        answer = post(fleet, "GetWaybill", content)
        assert answer.status_code in (400, 404), (name, answer.text)
        assert answer.json()["faults"][0]["zh"], name


def test_a_body_without_end_is_cut_off(web: Web) -> None:
    answer = post(web.fleet(CARRIER), "GetWaybill", b'{"waybill_id": "' + b"a" * 9_000_000 + b'"}')
    assert answer.status_code == 400
    assert "larger" in answer.json()["faults"][0]["en"]


def test_what_is_no_call_of_the_contract_is_told_so(web: Web) -> None:
    fleet = web.fleet(CARRIER)
    assert post(fleet, "EatWaybill", {}).status_code == 404
    assert post(fleet, "hazway.monitoring.v1.MonitoringService/WatchVehicles", {}).status_code == 404
    assert post(fleet, "GetWaybill", {}, headers={"Content-Type": "text/plain"}).status_code == 415
    assert post(fleet, "GetWaybill", {}, headers={"Content-Encoding": "gzip"}).status_code == 501
    assert post(fleet, "GetWaybill", {}, headers={"Connect-Timeout-Ms": "soon"}).status_code == 400
    assert post(fleet, "ListWaybills", {}, headers={"Connect-Timeout-Ms": "0"}).status_code == 504
    assert fleet.get("/nothing/of/ours").status_code == 404
    for answer in (fleet.get("/nothing"), post(fleet, "EatWaybill", {})):
        assert answer.json()["code"] == "unimplemented"


def test_an_authority_tells_its_purpose_in_chinese(web: Web) -> None:
    waybill = web.cast.issue(a_waybill()).waybill
    asked = {"waybill_id": waybill.id}
    authority = web.fleet(TRANSPORT)
    missing = post(authority, "GetWaybill", asked)
    assert missing.json()["faults"][0]["path"] == "hazway-purpose"
    escaped = post(authority, "GetWaybill", asked, headers={"Hazway-Purpose": "%E6%A3%80%E6%9F%A5"})
    raw = post(authority, "GetWaybill", asked, headers={b"Hazway-Purpose": "检查".encode()})
    assert escaped.status_code == raw.status_code == 200
    with web.world.host.engine.begin() as connection:
        assert connection.execute(text("SELECT purpose FROM runtime_looks")).scalars().all() == ["检查", "检查"]


def test_the_public_log_is_served_beside_the_calls_without_a_name(web: Web) -> None:
    web.world.settle()
    answer = web.client(verify=web.trust()).get("/log/checkpoint")
    assert answer.status_code == 200
    assert answer.text.startswith("hazway.example/log\n")


def test_one_key_of_the_fleets_own_leads_to_one_waybill(web: Web) -> None:
    web.sign_for(CARRIER)
    fleet = web.fleet(CARRIER)
    first = a_request()
    first.waybill.external_refs.add(system="tms", number="A-17")
    issued = post(fleet, "IssueWaybill", web.signed(CARRIER, "IssueWaybill", first)).json()["waybill"]
    again = a_request()  # an id, request and statement of its own, as a system that lost the answer would send
    again.waybill.external_refs.add(system="tms", number="A-17")
    same = post(fleet, "IssueWaybill", web.signed(CARRIER, "IssueWaybill", again))
    assert same.json()["waybill"] == issued
    other = a_request()
    other.waybill.external_refs.add(system="tms", number="A-17")
    other.waybill.goods[0].mass_g -= 1_000
    refused = post(fleet, "IssueWaybill", web.signed(CARRIER, "IssueWaybill", other))
    assert refused.json()["code"] == "already_exists"
    fault = refused.json()["faults"][0]
    assert (fault["reason"], issued["number"] in fault["en"]) == ("REFERENCE_TAKEN", True)
    found = post(fleet, "ListWaybills", {"external_number": "A-17"}).json()["waybills"]
    assert [each["id"] for each in found] == [issued["id"]]


def test_a_batch_is_answered_one_by_one(web: Web) -> None:
    web.sign_for(CARRIER)
    good, bad = a_request(), a_request()
    bad.waybill.goods[0].un_number = "9999"
    for each in (good, bad):
        web.signed(CARRIER, "IssueWaybill", each)
    batch = pb.BatchIssueWaybillsRequest(request_id=ids.new_id(), requests=[bad, good])
    results = post(web.fleet(CARRIER), "BatchIssueWaybills", as_json(batch)).json()["results"]
    assert "waybill" not in results[0]
    assert results[0]["findings"][0]["severity"] == "SEVERITY_ERROR"
    assert results[1]["waybill"]["state"] == "STATE_ISSUED"


def test_the_ways_of_other_parties_are_open_over_http_too(web: Web) -> None:
    waybill = web.cast.issue(a_waybill()).waybill
    for party in (LOADER, CONSIGNEE):
        assert post(web.fleet(party), "GetWaybill", {"waybill_id": waybill.id}).status_code == 200
    assert json.loads(post(web.fleet(RIVAL), "ListWaybills", b"{}").text) == {}
