"""Consignment lists over the wire: sent, answered, drawn on to the gram by waybills at once, given back, on record."""

from __future__ import annotations

import json
import random
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from typing import cast as cast_to

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from typer.testing import CliRunner

from hazway import ids, keys, record, trust
from hazway.cli import app
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2
from hazway.waybill.v1 import consignment_pb2 as pb
from hazway.waybill.v1 import waybill_pb2
from services import traceability
from services.runtime.service import request_class
from services.traceability import retention
from services.waybill.service import CONSIGNMENT_SERVICE
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, POLICE, RIVAL, TRANSPORT, Cast, a_licence, put_fleet
from tests.integration.waybill.consigned import (
    SERVICE,
    a_line,
    a_list,
    a_waybill_for,
    accept,
    accepted,
    call,
    read,
    send,
)
from tests.integration.waybill.test_roadside_over_the_wire import command_line_of
from tests.spoilt import spoilt

BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}
# What petrol always tells, beside what it is refused for.
TOLD = {"CONSIGNMENT_DUTY", "CONSIGNOR_LICENCE_UNKNOWN"}


def reasons(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return set(refused.value.reasons) - TOLD


def test_a_list_goes_from_its_consignor_to_its_carrier_and_onto_waybills(cast: Cast) -> None:
    offered = send(cast, a_list(30_000_000))
    assert (offered.state, offered.revision) == (pb.LIST_STATE_OFFERED, 1)
    with pytest.raises(Refused) as refused:
        cast.issue(a_waybill_for(offered))
    assert reasons(refused) == {"CONSIGNMENT_NOT_ACCEPTED"}
    taken = accept(cast, offered)
    assert taken.state == pb.LIST_STATE_ACCEPTED
    issued = cast.issue(a_waybill_for(taken)).waybill
    kept = read(cast, taken)
    assert (kept.state, kept.lines[0].drawn_g, kept.lines[0].remaining_g) == (
        pb.LIST_STATE_PART_ALLOTTED, 28_000_000, 2_000_000,
    )  # fmt: skip
    assert [(draw.waybill_number, draw.goods_number, draw.mass_g) for draw in kept.draws] == [
        (issued.number, 1, 28_000_000)
    ]
    second = a_waybill_for(taken, mass_g=2_000_001, departure=datetime(2026, 11, 2, 8, tzinfo=UTC))
    with pytest.raises(Refused) as refused:
        cast.issue(second)
    assert reasons(refused) == {"ORDER_EXCEEDED"}
    assert refused.value.faults[0].path == "waybill.goods[0].mass_g"
    second.goods[0].mass_g = 2_000_000
    cast.issue(second)
    assert read(cast, taken).state == pb.LIST_STATE_ALLOTTED
    cast.call(CARRIER, "VoidWaybill", waybill_pb2.VoidWaybillRequest(waybill_id=issued.id, reason="改期"))
    kept = read(cast, taken)
    assert (kept.state, kept.lines[0].remaining_g, len(kept.draws)) == (pb.LIST_STATE_PART_ALLOTTED, 28_000_000, 1)


def test_trying_an_issue_draws_nothing(cast: Cast) -> None:
    taken = accepted(cast)
    cast.issue(a_waybill_for(taken), validate_only=True)
    assert read(cast, taken).lines[0].drawn_g == 0


def test_a_waybill_gathers_lists_and_is_redrawn_when_it_is_amended(cast: Cast) -> None:
    first, second = accepted(cast, 10_000_000), accepted(cast, 12_000_000, 20_000_000)
    issued = cast.issue(a_waybill_for(first, second)).waybill
    drawn = {(each, line.number): line.drawn_g for each in (0, 1) for line in read(cast, (first, second)[each]).lines}
    assert drawn == {(0, 1): 10_000_000, (1, 1): 12_000_000, (1, 2): 6_000_000}
    issued.goods[0].mass_g = 15_000_000
    answer = amend(cast, issued)
    assert [line.drawn_g for line in read(cast, second).lines] == [
        12_000_000,
        6_000_000,
    ]  # the consignor has not signed
    sign = waybill_pb2.SignRevisionRequest(
        waybill_id=issued.id, revision_id=answer.revision.id, signer=waybill_pb2.SIGNER_CONSIGNOR
    )
    cast.call(CONSIGNOR, "SignRevision", sign)
    assert [line.drawn_g for line in read(cast, second).lines] == [5_000_000, 0]
    issued.goods[0].mass_g = 42_000_001
    issued.goods[0].consignment_list_id, issued.goods[0].consignment_line = second.id, 2
    with pytest.raises(Refused) as refused:
        amend(cast, issued)
    assert "ORDER_EXCEEDED" in reasons(refused)


def amend(cast: Cast, message: waybill_pb2.Waybill) -> Any:
    return cast.call(CARRIER, "AmendWaybill", waybill_pb2.AmendWaybillRequest(waybill=message, reason="改量"))


def test_of_waybills_at_once_only_as_many_draw_as_there_is_to_carry(cast: Cast) -> None:
    """Four lorries take 10 t each of 25 t on two lists, every one naming them in another order; two find room for all."""
    for number in range(2, 5):
        put_fleet(cast, f"-{number}", number)
    lists = [accepted(cast, 13_000_000), accepted(cast, 12_000_000)]
    waybills = [
        a_waybill_for(*lists[:: 1 if number % 2 else -1], mass_g=10_000_000, suffix=f"-{number}" * (number > 1))
        for number in range(1, 5)
    ]
    outcomes = at_once([lambda each=each: cast.issue(each) for each in waybills])
    assert sorted(outcomes) == ["", "", "ORDER_EXCEEDED", "ORDER_EXCEEDED"]
    assert sum(line.remaining_g for each in lists for line in read(cast, each).lines) == 5_000_000


def test_the_last_gram_is_drawn_once_whoever_else_withdraws_or_voids_meanwhile(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    for mass_g in (20_000_000, 21_000_000, 22_000_000):
        taken = accepted(cast, mass_g)
        request = pb.WithdrawConsignmentListRequest(consignment_list_id=taken.id, reason="停产")
        waybill = a_waybill_for(taken, mass_g=mass_g, suffix="-2")
        issue, withdraw = at_once(
            [
                lambda waybill=waybill: cast.issue(waybill),
                lambda request=request: call(cast, CONSIGNOR, "WithdrawConsignmentList", request),
            ],
            ordered=True,
        )
        assert (issue, withdraw) in (("", "CONSIGNMENT_STATE"), ("CONSIGNMENT_NOT_ACCEPTED", ""))
        if not issue:
            void = waybill_pb2.VoidWaybillRequest(waybill_id=waybill.id, reason="试")
            cast.call(CARRIER, "VoidWaybill", void)
        assert read(cast, taken).lines[0].drawn_g == 0


def at_once(acts: list[Any], *, ordered: bool = False) -> list[str]:
    """The first reason each was refused for, empty for none."""
    outcomes = [""] * len(acts)
    start = threading.Barrier(len(acts))

    def one(index: int) -> None:
        start.wait()
        try:
            acts[index]()
        except Refused as refused:
            outcomes[index] = min(refused.reasons)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes if ordered else sorted(outcomes)


def test_a_batch_of_waybills_shares_a_list_out_one_after_the_other(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    taken = accepted(cast, 30_000_000)
    waybills = [a_waybill_for(taken, mass_g=20_000_000), a_waybill_for(taken, mass_g=10_000_001, suffix="-2")]
    requests = [waybill_pb2.IssueWaybillRequest(request_id=ids.new_id(), waybill=each) for each in waybills]
    client = cast.clients[CARRIER]
    for request in requests:
        client.complete("hazway.waybill.v1.WaybillService/IssueWaybill", request)
    answer = cast.call(CARRIER, "BatchIssueWaybills", waybill_pb2.BatchIssueWaybillsRequest(requests=requests))
    assert [result.HasField("waybill") for result in answer.results] == [True, False]
    assert read(cast, taken).lines[0].remaining_g == 10_000_000


def test_the_carrier_refuses_with_a_reason_and_the_consignor_sends_it_anew(cast: Cast) -> None:
    offered = send(cast, a_list())
    with pytest.raises(Refused) as refused:
        call(
            cast,
            CARRIER,
            "RefuseConsignmentList",
            pb.RefuseConsignmentListRequest(consignment_list_id=offered.id, reason=" "),
        )
    assert reasons(refused) == {"REASON_NEEDED"}
    answer = call(
        cast,
        CARRIER,
        "RefuseConsignmentList",
        pb.RefuseConsignmentListRequest(consignment_list_id=offered.id, reason="无车"),
    ).consignment_list
    assert (answer.state, answer.refused_reason) == (pb.LIST_STATE_REFUSED, "无车")
    with pytest.raises(Refused) as refused:
        accept(cast, offered)
    assert reasons(refused) == {"CONSIGNMENT_STATE"}
    offered.lines[0].mass_g = 20_000_000
    again = pb.AmendConsignmentListRequest(consignment_list=offered, revision=1)
    sent = call(cast, CONSIGNOR, "AmendConsignmentList", again).consignment_list
    assert (sent.state, sent.revision, sent.refused_reason) == (pb.LIST_STATE_OFFERED, 2, "")
    with pytest.raises(Refused) as refused:
        accept(cast, offered)  # who has read the first revision does not accept the second
    assert reasons(refused) == {"STALE_ETAG"}
    accept(cast, sent)
    with pytest.raises(Refused) as refused:
        call(cast, CONSIGNOR, "AmendConsignmentList", pb.AmendConsignmentListRequest(consignment_list=sent, revision=2))
    assert reasons(refused) == {"CONSIGNMENT_STATE"}


def test_what_is_withdrawn_is_drawn_no_more_and_what_was_drawn_stays(cast: Cast) -> None:
    taken = accepted(cast, 30_000_000)
    issued = cast.issue(a_waybill_for(taken)).waybill
    request = pb.WithdrawConsignmentListRequest(consignment_list_id=taken.id, reason="停产")
    assert call(cast, CONSIGNOR, "WithdrawConsignmentList", request).consignment_list.state == pb.LIST_STATE_WITHDRAWN
    issued.goods[0].mass_g = 28_000_001
    with pytest.raises(Refused) as refused:
        amend(cast, issued)
    assert reasons(refused) == {"ORDER_EXCEEDED"}
    issued.goods[0].mass_g = 27_000_000
    revision = amend(cast, issued).revision
    sign = waybill_pb2.SignRevisionRequest(
        waybill_id=issued.id, revision_id=revision.id, signer=waybill_pb2.SIGNER_CONSIGNOR
    )
    cast.call(CONSIGNOR, "SignRevision", sign)
    assert read(cast, taken).lines[0].drawn_g == 27_000_000
    cast.call(CARRIER, "VoidWaybill", waybill_pb2.VoidWaybillRequest(waybill_id=issued.id, reason="改期"))
    kept = read(cast, taken)
    assert (kept.state, kept.lines[0].remaining_g) == (pb.LIST_STATE_WITHDRAWN, 30_000_000)
    with pytest.raises(Refused) as refused:
        cast.issue(a_waybill_for(taken))
    assert reasons(refused) == {"CONSIGNMENT_NOT_ACCEPTED"}


def test_everything_missing_from_a_list_comes_back_at_once(cast: Cast) -> None:
    unadvised, unstated = a_list(), a_list()
    for field in unadvised.lines[0].safety.DESCRIPTOR.fields:
        unadvised.lines[0].safety.ClearField(cast_to(Any, field.name))
    unstated.ClearField("emergency_phone")
    unstated.lines[0].mode, unstated.lines[0].hazard_class = "packages", "8"
    unstated.lines.append(a_line(2, 0))
    for message, wanted in (
        (unadvised, {f"lines[0].safety.{field.name}" for field in unadvised.lines[0].safety.DESCRIPTOR.fields}),
        (unstated, {"emergency_phone", "lines[0].packaging", "lines[0].packaging_spec", "lines[0].package_count",
                    "lines[1].mass_g", "lines[0].hazard_class"}),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            send(cast, message)
        told = {fault.path for fault in refused.value.faults if fault.reason not in TOLD}
        assert told == {f"consignment_list.{path}" for path in wanted}
        assert all("Art 13" in fault.en for fault in refused.value.faults if fault.reason.startswith("CONSIGNMENT_C"))


def test_a_carrier_without_the_scope_is_not_asked(cast: Cast) -> None:
    licence = a_licence(CARRIER)
    licence.scope_text = "危险货物运输(8类)"
    cast.register(registry_pb2.PutLicenceRequest(licence=licence), by="operator")
    with pytest.raises(Refused) as refused:
        send(cast, a_list())
    assert reasons(refused) == {"OUT_OF_SCOPE"}
    assert all("Art 9" in fault.en for fault in refused.value.faults if fault.reason == "OUT_OF_SCOPE")


def test_highly_toxic_goods_need_their_pass_and_specially_controlled_ones_tell_their_duty(cast: Cast) -> None:
    licence = a_licence(CARRIER)
    licence.scope_text = "危险货物运输(3类,6类1项,剧毒化学品)"
    cast.register(registry_pb2.PutLicenceRequest(licence=licence), by="operator")
    toxic = a_list()
    line = toxic.lines[0]
    line.un_number, line.name, line.hazard_class, line.packing_group = "1680", "氰化钾", "6.1", "I"
    line.mode, line.packaging, line.packaging_spec, line.package_count = "packages", "钢桶", "50 kg", 400
    with pytest.raises(Refused) as refused:
        send(cast, toxic)
    assert reasons(refused) == {"PERMIT_MISSING"}
    answer = call(cast, CONSIGNOR, "CreateConsignmentList", pb.CreateConsignmentListRequest(consignment_list=a_list()))
    told = {(finding.path, finding.rule) for finding in answer.warnings}
    assert ("consignment_list.lines[0]", "CL-03") in told  # petrol is specially controlled: traced
    assert ("consignment_list.lines[0]", "CL-04") in told  # and no licence of the consignor's is registered


def test_consignor_carrier_loader_and_their_authorities_see_a_list_and_nobody_else(cast: Cast) -> None:
    taken = accepted(cast)
    for organisation in (CONSIGNOR, CARRIER, LOADER):
        assert read(cast, taken, by=organisation).id == taken.id
        listed = call(cast, organisation, "ListConsignmentLists", pb.ListConsignmentListsRequest()).consignment_lists
        assert [each.id for each in listed] == [taken.id]
    assert read(cast, taken, by=TRANSPORT, purpose="检查").id == taken.id
    for organisation, options in ((RIVAL, {}), (CONSIGNEE, {}), (POLICE, {"purpose": "检查"})):
        with pytest.raises(Refused) as refused:
            read(cast, taken, by=organisation, **options)
        assert reasons(refused) == {"NOT_FOUND"}
        request = pb.ListConsignmentListsRequest()
        assert not call(cast, organisation, "ListConsignmentLists", request, **options).consignment_lists
    answers: tuple[tuple[str, str, Message], ...] = (
        (RIVAL, "AcceptConsignmentList", pb.AcceptConsignmentListRequest(consignment_list_id=taken.id, revision=1)),
        (RIVAL, "RefuseConsignmentList", pb.RefuseConsignmentListRequest(consignment_list_id=taken.id, reason="x")),
        (
            LOADER,
            "WithdrawConsignmentList",
            pb.WithdrawConsignmentListRequest(consignment_list_id=taken.id, reason="x"),
        ),
    )
    for by, method, answer in answers:
        with pytest.raises(Refused) as refused:
            call(cast, by, method, answer)
        assert reasons(refused) <= {"NOT_FOUND", "NOT_ALLOWED"}


def test_nobody_sends_a_list_in_anothers_name_or_signs_another_than_was_sent(cast: Cast) -> None:
    forged = a_list()
    forged.consignor.organisation_id = CARRIER
    with pytest.raises(Refused) as refused:
        send(cast, forged)
    assert reasons(refused) == {"NOT_FOUND"}
    request = pb.CreateConsignmentListRequest(request_id=ids.new_id(), consignment_list=a_list())
    cast.clients[CONSIGNOR].complete(f"{SERVICE}/CreateConsignmentList", request)
    request.consignment_list.lines[0].mass_g += 1
    with pytest.raises(Refused) as refused:
        call(cast, CONSIGNOR, "CreateConsignmentList", request)
    assert reasons(refused) == {"STATEMENT_INVALID"}
    with pytest.raises(Refused) as refused:
        cast.issue(a_waybill_for(accepted(cast), carrier=RIVAL), by=RIVAL)
    assert "CONSIGNMENT_LIST_UNKNOWN" in reasons(refused)


def test_an_act_sent_again_is_done_once_and_an_id_is_one_lists_alone(cast: Cast) -> None:
    request = pb.CreateConsignmentListRequest(request_id=ids.new_id(), consignment_list=a_list())
    first = call(cast, CONSIGNOR, "CreateConsignmentList", request)
    assert call(cast, CONSIGNOR, "CreateConsignmentList", request) == first
    with pytest.raises(Refused) as refused:
        send(cast, request.consignment_list)
    assert reasons(refused) == {"CONSIGNMENT_LIST_EXISTS"}
    taking = pb.AcceptConsignmentListRequest(
        request_id=ids.new_id(), consignment_list_id=request.consignment_list.id, revision=1
    )
    assert call(cast, CARRIER, "AcceptConsignmentList", taking) == call(cast, CARRIER, "AcceptConsignmentList", taking)


def test_lists_are_found_by_what_they_are_and_page_by_page(cast: Cast) -> None:
    sent = []
    for number in range(5):
        sent.append(send(cast, a_list(number=f"T-{number}")))
        cast.world.clock.advance(minutes=1)
    taken = accept(cast, sent[2])
    issued = cast.issue(a_waybill_for(taken)).waybill

    def found(**asked: Any) -> list[str]:
        got, token = [], ""
        while True:
            request = pb.ListConsignmentListsRequest(page_size=2, page_token=token, **asked)
            answer = call(cast, CONSIGNOR, "ListConsignmentLists", request)
            got += [each.number for each in answer.consignment_lists]
            token = answer.next_page_token
            if not token:
                return got

    assert found() == ["T-4", "T-3", "T-2", "T-1", "T-0"]
    assert found(number="T-3") == ["T-3"]
    assert found(states=[pb.LIST_STATE_ALLOTTED]) == ["T-2"]
    assert found(waybill_id=issued.id) == ["T-2"]
    assert (found(un_number="1203"), found(un_number="1202")) == (found(), [])
    since = pb.ListConsignmentListsRequest().offered_from
    since.FromDatetime(sent[3].offered_at.ToDatetime(UTC))
    assert found(offered_from=since) == ["T-4", "T-3"]
    with pytest.raises(Refused) as refused:
        call(cast, CONSIGNOR, "ListConsignmentLists", pb.ListConsignmentListsRequest(page_token="x"))
    assert reasons(refused) == {"PAGE_TOKEN_INVALID"}


def test_a_waybills_bundle_shows_its_lists_and_a_lists_bundle_its_waybills(cast: Cast) -> None:
    taken = accepted(cast)
    issued = cast.issue(a_waybill_for(taken)).waybill
    cast.world.settle()
    known = trust.parse(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    for by, subject in ((CARRIER, f"waybill/{issued.id}"), (CONSIGNOR, f"consignment-list/{taken.id}")):
        verified = record.verify(cast.clients[by].export_record(subject), known)
        kinds = {
            each.subject: [fact.statement.kind for fact in each.facts if fact.statement] for each in verified.subjects
        }
        assert kinds == {
            f"waybill/{issued.id}": ["waybill.issue"],
            f"consignment-list/{taken.id}": ["consignment.create", "consignment.accept"],
        }
    verified = record.verify(cast.clients[CONSIGNEE].export_record(f"waybill/{issued.id}"), known)
    assert [each.subject for each in verified.subjects] == [f"waybill/{issued.id}"]


def test_lists_are_kept_for_as_long_as_article_13_asks() -> None:
    kept = retention.class_of("consignment.create", datetime(2026, 11, 2, tzinfo=UTC).date())
    assert (kept.least, kept.months is not None and kept.months >= kept.least) == (12, True)
    assert "第十三" in kept.basis


@pytest.mark.parametrize("method", [each.name for each in CONSIGNMENT_SERVICE.methods()])
def test_no_spoilt_field_brings_a_server_error(cast: Cast, method: str) -> None:
    offered = send(cast, a_list(5, 6))
    request: Any = request_class(next(each for each in CONSIGNMENT_SERVICE.methods() if each.name == method))()
    fields = request.DESCRIPTOR.fields_by_name
    if "consignment_list" in fields:
        request.consignment_list.CopyFrom(offered if method.startswith("Amend") else a_list(5, 6))
    for name, value in (("consignment_list_id", offered.id), ("revision", 1), ("reason", "x")):
        if name in fields:
            setattr(request, name, value)
    cases = list(spoilt(request, 4))
    for case in random.Random(method).sample(cases, min(len(cases), 80)):
        if "validate_only" in fields:
            case.validate_only = True
        try:
            cast.clients[CARRIER if method.startswith(("Accept", "Refuse")) else CONSIGNOR].call(
                f"{SERVICE}/{method}", case, patience_s=0
            )
        except VerificationError:
            continue  # nobody can sign this
        except Refused as refused:
            if refused.code in BROKEN:
                pytest.fail(f"{refused.code} for {case}")


def test_waybills_with_spoilt_lists_draw_in_whole_or_not_at_all(cast: Cast) -> None:
    taken = accepted(cast)
    start = waybill_pb2.IssueWaybillRequest(waybill=a_waybill_for(taken))
    start.waybill.goods[0].consignment_list_id, start.waybill.goods[0].consignment_line = taken.id, 1
    spoilt_lists = [
        case
        for case in spoilt(start, 4)
        if "consignment" in str(case.waybill) and case.waybill.goods != start.waybill.goods
    ]
    for case in random.Random("draws").sample(spoilt_lists, 60):
        case.waybill.id = ids.new_id()
        try:
            cast.clients[CARRIER].call("hazway.waybill.v1.WaybillService/IssueWaybill", case, patience_s=0)
        except VerificationError:
            continue
        except Refused as refused:
            if refused.code in BROKEN:
                pytest.fail(f"{refused.code} for {case}")
        else:
            assert read(cast, taken).lines[0].drawn_g == case.waybill.goods[0].mass_g
            cast.call(CARRIER, "VoidWaybill", waybill_pb2.VoidWaybillRequest(waybill_id=case.waybill.id, reason="试"))
        assert read(cast, taken).lines[0].drawn_g == 0


def test_lists_are_sent_and_answered_from_the_command_line(cast: Cast, tmp_path: Path) -> None:
    def run(organisation: str, *arguments: str) -> Any:
        folder = tmp_path / organisation
        folder.mkdir(exist_ok=True)
        signer = keys.generate()
        cast.clients[organisation].register_key(signer)
        (folder / "sign.pem").write_bytes(keys.to_pem(signer))
        signing = () if arguments[0] in ("list", "show") else ("--key", str(folder / "sign.pem"))
        line = command_line_of(cast, organisation, folder)
        return CliRunner().invoke(app, ["consignment", *arguments, *signing, *line])

    offered = a_list()
    file = tmp_path / "list.json"
    file.write_text(json_format.MessageToJson(offered), encoding="utf-8")
    sent = run(CONSIGNOR, "send", str(file))
    assert sent.exit_code == 0, sent.output
    assert "OFFERED" in sent.output
    again = run(CONSIGNOR, "send", str(file))
    assert (again.exit_code, "已使用" in again.output) == (1, True)
    listed = run(CARRIER, "list")
    assert offered.id in listed.output
    stale = run(CARRIER, "accept", offered.id, "--revision", "2")
    assert stale.exit_code == 1
    taken = run(CARRIER, "accept", offered.id, "--revision", "1")
    assert "ACCEPTED" in taken.output, taken.output
    assert json.loads(run(LOADER, "show", offered.id).output)["state"] == "LIST_STATE_ACCEPTED"
    file.write_text('{"lines": 1}', encoding="utf-8")
    assert run(CONSIGNOR, "send", str(file)).exit_code == 2
    assert "WITHDRAWN" in run(CONSIGNOR, "withdraw", offered.id, "--reason", "停产").output
