"""Codes and the day's bundle from a real server, judged offline by the thin client alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from typer.testing import CliRunner

from hazway import keys, roadside, trust
from hazway.cli import app
from hazway.refusals import Refused
from hazway.roadside import RoadsideAnswer, Verdict
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.traceability import log_store
from services.traceability.places import newest_checkpoint
from tests.cast import CARRIER, CONSIGNEE, LOADER, POLICE, RIVAL, TRANSPORT, Cast, a_waybill, put_fleet
from tests.integration.registry.registry_house import an_identity


@pytest.fixture
def issued(cast: Cast) -> pb.Waybill:
    waybill = cast.issue(a_waybill()).waybill
    cast.world.settle()
    return waybill


def code(cast: Cast, waybill: pb.Waybill) -> str:
    answer = cast.call(CARRIER, "GetRoadsideCode", pb.GetRoadsideCodeRequest(waybill_id=waybill.id))
    return str(answer.code)


def bundle(cast: Cast, by: str = POLICE) -> bytes:
    """One that was built now: none is built within a minute of the last."""
    cast.world.clock.advance(minutes=10)
    cast.world.settle()
    return bytes(cast.call(by, "GetDayBundle", pb.GetDayBundleRequest()).bundle)


def refused(cast: Cast, by: str, method: str, request: Message, **options: Any) -> frozenset[str]:
    """The reasons of a call that must be refused, not waiting for better times."""
    with pytest.raises(Refused) as caught:
        cast.call(by, method, request, patience_s=0.0, **options)
    return caught.value.reasons


def check(cast: Cast, text: str, day: bytes) -> RoadsideAnswer:
    known = trust.parse(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    return roadside.check(text, day, known, cast.world.clock.now())


def test_an_issued_waybill_is_valid_with_the_bundle_made_after_it_and_before_it(cast: Cast) -> None:
    cast.world.settle()
    early = bundle(cast)
    cast.world.clock.advance(hours=1)
    waybill = cast.issue(a_waybill()).waybill
    cast.world.settle()
    shown = code(cast, waybill)
    for day in (early, bundle(cast)):
        answer = check(cast, shown, day)
        assert (answer.verdict, answer.failed) == (Verdict.VALID, "")
    content = answer.content
    assert content is not None
    assert (content.number, content.revision, content.state) == (waybill.number, 1, "ISSUED")
    assert (content.tractor, content.trailer) == ("粤B11001", "粤B1001挂")
    assert content.driver == "张2号 0002"
    assert content.escort == "李3号 0003"
    assert [(line.un_number, line.quantity, line.unit) for line in content.goods] == [("1203", 28_000, "kg")]
    assert content.closed_tunnels == "DE"
    assert content.expires_at == waybill.planned_arrival.seconds + 12 * 3600


def test_a_code_is_refused_until_its_registration_is_in_the_log(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    request = pb.GetRoadsideCodeRequest(waybill_id=waybill.id)
    assert refused(cast, CARRIER, "GetRoadsideCode", request) == {"NOT_YET_IN_LOG"}


def test_an_amended_waybill_is_superseded_by_the_next_bundle(cast: Cast, issued: pb.Waybill) -> None:
    before = code(cast, issued)
    old_day = bundle(cast)
    changed = pb.Waybill()
    changed.CopyFrom(issued)
    changed.remarks = "改走沿江路"
    request = pb.AmendWaybillRequest(waybill=changed, reason="道路施工", etag=issued.etag)
    amended = cast.call(CARRIER, "AmendWaybill", request)
    assert amended.waybill.revision == 2
    cast.world.settle()
    new_day = bundle(cast)
    assert check(cast, before, old_day).verdict is Verdict.VALID
    assert check(cast, before, new_day).verdict is Verdict.SUPERSEDED
    answer = check(cast, code(cast, issued), new_day)
    assert answer.verdict is Verdict.VALID
    assert answer.content is not None
    assert answer.content.revision == 2


def test_a_voided_waybill_is_void_and_gets_no_further_code(cast: Cast, issued: pb.Waybill) -> None:
    before = code(cast, issued)
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=issued.id, reason="货主取消"))
    assert check(cast, before, bundle(cast)).verdict is Verdict.VOID
    request = pb.GetRoadsideCodeRequest(waybill_id=issued.id)
    assert refused(cast, CARRIER, "GetRoadsideCode", request) == {"NOT_IN_THIS_STATE"}


def test_a_completed_trip_cannot_be_driven_again_on_the_same_paper(cast: Cast, issued: pb.Waybill) -> None:
    cast.clear(issued)
    cast.world.clock.advance(hours=2)
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=issued.id))
    before = code(cast, issued)
    cast.world.clock.advance(hours=3)
    cast.call(CARRIER, "ArriveWaybill", pb.ArriveWaybillRequest(waybill_id=issued.id))
    cast.call(CONSIGNEE, "SignDelivery", pb.SignDeliveryRequest(waybill_id=issued.id, signed_by="陈站长"))
    answer = check(cast, before, bundle(cast))
    assert (answer.verdict, answer.failed) == (Verdict.EXPIRED, "status")


def test_a_code_dies_by_itself_and_a_late_lorry_gets_a_new_one(cast: Cast, issued: pb.Waybill) -> None:
    old = code(cast, issued)
    cast.world.clock.advance(hours=30)
    cast.world.settle()
    day = bundle(cast)
    answer = check(cast, old, day)
    assert (answer.verdict, answer.failed) == (Verdict.EXPIRED, "time")
    assert check(cast, code(cast, issued), day).verdict is Verdict.VALID


def test_a_bundle_of_two_days_ago_cannot_tell(cast: Cast) -> None:
    cast.world.settle()
    day = bundle(cast)
    cast.world.clock.advance(hours=48)
    waybill = cast.issue(a_waybill(departure=cast.world.clock.now() + timedelta(hours=2))).waybill
    cast.world.settle()
    answer = check(cast, code(cast, waybill), day)
    assert (answer.verdict, answer.failed) == (Verdict.VALID_BUT_STALE_DATA, "freshness")


def test_a_new_key_takes_over_and_the_codes_of_the_old_one_stay_good(cast: Cast, issued: pb.Waybill) -> None:
    old = code(cast, issued)
    home: Path = cast.world.host.settings.home
    (home / "keys" / "roadside-20261103.pem").write_bytes(keys.to_pem(keys.generate(keys.ES256)))
    cast.world.clock.advance(hours=16)  # the third of November, 00:00 of China
    day = bundle(cast)
    assert check(cast, old, day).verdict is Verdict.VALID
    new = code(cast, issued)
    assert check(cast, new, day).verdict is Verdict.VALID
    assert check(cast, new, bundle_without_the_last_key(cast, day)).verdict is Verdict.UNKNOWN_KEY


def bundle_without_the_last_key(cast: Cast, day: bytes) -> bytes:
    from hazway import day_bundle

    keeper = traceability.keeper_of(cast.world.host.settings)
    opened = day_bundle.open(day, trust.parse(traceability.trust_file(keeper)))
    return day_bundle.sign(replace(opened.bundle, keys=opened.bundle.keys[:-1]), keeper.operator)


def test_who_is_no_party_gets_no_code_and_no_print(cast: Cast, issued: pb.Waybill) -> None:
    for method, request in (
        ("GetRoadsideCode", pb.GetRoadsideCodeRequest(waybill_id=issued.id)),
        ("ExportWaybillPdf", pb.ExportWaybillPdfRequest(waybill_id=issued.id)),
    ):
        assert cast.call(LOADER, method, request)
        assert refused(cast, RIVAL, method, request) == {"NOT_FOUND"}


def test_a_plate_leads_the_authority_of_the_place_to_its_waybill(cast: Cast, issued: pb.Waybill) -> None:
    request = pb.FindByPlateRequest(plate="粤B·11001-黄")
    assert refused(cast, TRANSPORT, "FindByPlate", request) == {"FIELD_MISSING"}
    found = cast.call(TRANSPORT, "FindByPlate", request, purpose="路检")
    assert found.answer == pb.PLATE_ANSWER_FOUND
    assert [waybill.number for waybill in found.waybills] == [issued.number]


def test_a_plate_without_data_is_unknown_and_never_without_a_waybill(cast: Cast, issued: pb.Waybill) -> None:
    abroad = cast.call(TRANSPORT, "FindByPlate", pb.FindByPlateRequest(plate="桂A12345"), purpose="路检")
    assert abroad.answer == pb.PLATE_ANSWER_UNKNOWN
    assert "广西壮族自治区" in abroad.message_zh
    elsewhere = cast.call(POLICE, "FindByPlate", pb.FindByPlateRequest(plate="粤B11001"), purpose="路检")
    assert elsewhere.answer == pb.PLATE_ANSWER_UNKNOWN
    assert "广东省" in elsewhere.message_zh
    assert not elsewhere.waybills
    assert issued.number not in elsewhere.message_zh


def test_a_tractor_that_was_exchanged_leads_nowhere_any_more(cast: Cast, issued: pb.Waybill) -> None:
    put_fleet(cast, "-2", 2)
    cast.heard_of("tractor-2")
    request = pb.SwapAssignmentRequest(
        waybill_id=issued.id,
        role=pb.ROLE_TRACTOR,
        outgoing_id="tractor",
        incoming_id="tractor-2",
        reason="故障",
        approved_by="王调度",
    )
    cast.call(CARRIER, "SwapAssignment", request)
    answers = {
        plate: cast.call(TRANSPORT, "FindByPlate", pb.FindByPlateRequest(plate=plate), purpose="路检").answer
        for plate in ("粤B11001", "粤B11002")
    }
    assert answers == {"粤B11001": pb.PLATE_ANSWER_UNKNOWN, "粤B11002": pb.PLATE_ANSWER_FOUND}


@pytest.mark.parametrize("plate", ["-", "·", "粤B\x0011001", "B" * 3000])
def test_what_is_no_plate_finds_nothing_of_anybody(cast: Cast, issued: pb.Waybill, plate: str) -> None:
    request = pb.FindByPlateRequest(plate=plate)
    assert refused(cast, TRANSPORT, "FindByPlate", request, purpose="路检") == {"FIELD_INVALID"}


def test_a_bundle_holds_the_witnessed_checkpoint_where_witnesses_are_asked(cast: Cast, issued: pb.Waybill) -> None:
    host = cast.world.host
    asking = replace(host.settings, witness_policy="policy.txt")
    with host.engine.begin() as connection:
        plain = newest_checkpoint(connection, host.settings)
        assert newest_checkpoint(connection, asking) == plain
        log_store.keep_witnessed(connection, log_store.Witnessed(1, "witnessed", cast.world.clock.now()))
        assert newest_checkpoint(connection, asking) == "witnessed"
        assert newest_checkpoint(connection, host.settings) == plain


def test_trade_may_not_look_up_plates(cast: Cast) -> None:
    request = pb.FindByPlateRequest(plate="粤B11001")
    assert refused(cast, CARRIER, "FindByPlate", request, purpose="路检") == {"NOT_ALLOWED"}


def test_a_waybill_prints_on_one_page(cast: Cast, issued: pb.Waybill) -> None:
    printed = cast.call(CARRIER, "ExportWaybillPdf", pb.ExportWaybillPdfRequest(waybill_id=issued.id))
    assert printed.pdf.startswith(b"%PDF-")
    assert printed.pdf.count(b"/Type /Page\n") == 1
    assert printed.file_name == f"{issued.number}.pdf"


def test_no_number_of_an_identity_card_is_in_a_code(cast: Cast, issued: pb.Waybill) -> None:
    answer = check(cast, code(cast, issued), bundle(cast))
    assert answer.content is not None
    said = f"{answer.content.driver} {answer.content.escort}"
    assert not any(an_identity(number)[-4:] in said for number in (2, 3))


def test_an_inspector_goes_out_with_three_files_and_no_network(cast: Cast, issued: pb.Waybill, tmp_path: Path) -> None:
    """The whole way by the command line: bundle, code and print fetched online, the code judged offline."""
    online = command_line_of(cast, CARRIER, tmp_path)
    known = tmp_path / "trust.json"
    known.write_text(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    day, image, paper = tmp_path / "day.bundle", tmp_path / "code.svg", tmp_path / "waybill.pdf"
    assert CliRunner().invoke(app, ["waybill", "bundle", "--out", str(day), *online]).exit_code == 0
    fetched = CliRunner().invoke(app, ["waybill", "code", issued.id, "--svg", str(image), *online])
    assert image.read_text().startswith("<svg")
    assert CliRunner().invoke(app, ["waybill", "print", issued.id, "--out", str(paper), *online]).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF-")
    offline = ["--bundle", str(day), "--trust", str(known), "--at", cast.world.clock.now().isoformat()]
    judged = CliRunner().invoke(app, ["waybill", "check", fetched.output.strip(), *offline])
    assert judged.exit_code == 0, judged.output
    assert issued.number in judged.output
    refused = CliRunner().invoke(app, ["waybill", "code", "no-such-waybill", *online])
    assert refused.exit_code == 1


def test_a_plate_can_be_asked_about_from_the_command_line(cast: Cast, issued: pb.Waybill, tmp_path: Path) -> None:
    line = command_line_of(cast, TRANSPORT, tmp_path)
    found = CliRunner().invoke(app, ["waybill", "plate", "粤B11001", "--purpose", "路检", *line])
    assert found.exit_code == 0
    assert issued.number in found.output
    unknown = CliRunner().invoke(app, ["waybill", "plate", "桂A12345", "--purpose", "路检", *line])
    assert unknown.exit_code == 3
    assert "广西壮族自治区" in unknown.output


def command_line_of(cast: Cast, organisation: str, folder: Path) -> list[str]:
    """The options that connect a command as this organisation."""
    certificate = cast.world.authority.issue(organisation)
    for name, content in (
        ("authority", certificate.authority),
        ("key", certificate.key),
        ("chain", certificate.chain),
    ):
        (folder / f"{name}.pem").write_bytes(content)
    port = cast.world.listeners.machine_port
    return ["--server", f"localhost:{port}", "--identity", str(folder), "--organisation", organisation]
