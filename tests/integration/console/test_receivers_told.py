"""Receivers hear of every change, in order, until they have heard it; a province's word is seen on the waybill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hazway import webhook
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.waybill.v1 import fleet_pb2 as fleet
from hazway.waybill.v1 import waybill_pb2 as pb
from services.waybill.receivers import queue_store
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, RIVAL, Cast, a_waybill, play, put_fleet
from tests.integration.console.listening import Listening, listening
from tests.world import running_world

SERVICE = "hazway.waybill.v1.FleetService"
SECRET = "a-secret-of-the-fleet-system"


@pytest.fixture
def cast(tmp_path: Path, migrated_database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """A world that may tell receivers on loopback, and waits longer between attempts than a busy machine takes for a test."""
    monkeypatch.setattr(queue_store, "_WAITS", (60,))
    with running_world(tmp_path / "home", migrated_database_url, redis_url, private_receivers=True) as world:
        yield play(world)


@pytest.fixture
def ear() -> Iterator[Listening]:
    with listening() as heard:
        yield heard


def put(cast: Cast, url: str, by: str = CARRIER, **fields: Any) -> fleet.Receiver:
    values: dict[str, Any] = {"id": "tms", "kind": fleet.RECEIVER_KIND_WEBHOOK, "url": url, "secret": SECRET}
    receiver = fleet.Receiver(**(values | fields))
    answer = cast.call(by, f"{SERVICE}/PutReceiver", fleet.PutReceiverRequest(receiver=receiver))
    told: fleet.Receiver = answer.receiver
    return told


def put_province(cast: Cast, url: str) -> fleet.Receiver:
    return put(cast, url, id="gd", kind=fleet.RECEIVER_KIND_PROVINCE, province="44")


def deliveries(cast: Cast, receiver: str = "tms", by: str = CARRIER, **fields: Any) -> list[fleet.Delivery]:
    request = fleet.ListDeliveriesRequest(receiver_id=receiver, **fields)
    return list(cast.call(by, f"{SERVICE}/ListDeliveries", request).deliveries)


def an_hour_passes(cast: Cast) -> None:
    """Receivers' waits run by the database's clock."""
    with cast.world.host.engine.begin() as connection:
        connection.execute(text("UPDATE waybill_deliveries SET due_at = due_at - interval '1 hour'"))
        connection.execute(text("UPDATE waybill_receivers SET rests_until = rests_until - interval '1 hour'"))


def depart(cast: Cast, waybill: pb.Waybill) -> None:
    cast.clear(waybill)
    cast.world.clock.advance(hours=2)
    cast.heard_of("tractor")
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))


def test_every_step_is_told_in_order_and_signed(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    waybill = cast.issue(a_waybill()).waybill
    depart(cast, waybill)
    cast.world.settle()
    assert ear.events == ["waybill.issued", "waybill.loaded", "waybill.departed"]
    said = ear.said()
    assert [each["state"] for each in said] == ["STATE_ISSUED", "STATE_LOADED", "STATE_IN_TRANSIT"]
    assert {(each["waybill_id"], each["number"]) for each in said} == {(waybill.id, waybill.number)}
    for headers, body in zip(ear.headers, ear.bodies, strict=True):
        webhook.check(SECRET, headers[webhook.HEADER], body, datetime.now(UTC))
        with pytest.raises(VerificationError):
            webhook.check(SECRET, headers[webhook.HEADER], body + b" ", datetime.now(UTC))
    assert {each.state for each in deliveries(cast)} == {fleet.DELIVERY_STATE_ACCEPTED}


def test_parties_hear_only_of_their_own_and_of_what_they_asked_for(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url, by=CONSIGNEE, events=["waybill.departed"])
    put(cast, ear.url, by=RIVAL)
    waybill = cast.issue(a_waybill()).waybill
    depart(cast, waybill)
    cast.world.settle()
    assert ear.events == ["waybill.departed"]
    assert deliveries(cast, by=RIVAL) == []


def test_a_refused_act_tells_nobody(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    message = a_waybill()
    cast.issue(message, validate_only=True)
    message.goods[0].un_number = "9999"
    with pytest.raises(Refused):
        cast.issue(message)
    cast.world.settle()
    assert ear.bodies == []


def test_nothing_is_lost_while_the_receiver_is_away_and_the_order_holds(cast: Cast) -> None:
    with listening() as gone:
        url, port = gone.url, int(gone.url.rpartition(":")[2])
    put(cast, url)
    waybill = cast.issue(a_waybill()).waybill
    cast.world.settle()
    waiting = deliveries(cast)
    assert [(each.state, each.last_status) for each in waiting] == [(fleet.DELIVERY_STATE_WAITING, 0)]
    assert waiting[0].attempts >= 1
    assert "refused" in waiting[0].last_error.lower()
    receiver = cast.call(CARRIER, f"{SERVICE}/ListReceivers", fleet.ListReceiversRequest()).receivers[0]
    assert receiver.last_error
    depart(cast, waybill)
    for _ in range(3):
        an_hour_passes(cast)
        cast.world.settle()
    with listening(port) as back:
        an_hour_passes(cast)
        cast.world.settle()
        assert back.events == ["waybill.issued", "waybill.loaded", "waybill.departed"]
    assert {each.state for each in deliveries(cast)} == {fleet.DELIVERY_STATE_ACCEPTED}
    receiver = cast.call(CARRIER, f"{SERVICE}/ListReceivers", fleet.ListReceiversRequest()).receivers[0]
    assert (receiver.last_error, receiver.HasField("rests_until")) == ("", False)


def test_one_waybill_that_is_not_taken_holds_up_its_own_changes_and_no_others(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    put_fleet(cast, "2", 2)
    cast.heard_of("tractor2")
    first = cast.issue(a_waybill()).waybill
    ear.answers = [500]
    cast.world.settle(1)
    cast.clear(first)
    second = cast.issue(a_waybill(suffix="2")).waybill
    cast.world.settle()
    assert [each["waybill_id"] for each in ear.said()] == [first.id, second.id]
    assert deliveries(cast, waybill_id=first.id)[-1].last_error.startswith("HTTP 500")
    an_hour_passes(cast)
    cast.world.settle()
    assert [each["event"] for each in ear.said() if each["waybill_id"] == first.id] == [
        "waybill.issued", "waybill.issued", "waybill.loaded",
    ]  # fmt: skip
    names = [each[webhook.DELIVERY] for each in ear.headers]
    assert names[0] == names[2]  # told again under the same name


def test_a_redirect_is_not_followed(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    cast.issue(a_waybill())
    ear.answers = [302]
    cast.world.settle()
    assert len(ear.bodies) == 1
    assert deliveries(cast)[0].state == fleet.DELIVERY_STATE_WAITING


def test_what_arrived_can_be_told_again(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    cast.issue(a_waybill())
    cast.world.settle()
    request = fleet.ReplayDeliveriesRequest(receiver_id="tms", delivery_ids=[deliveries(cast)[0].id])
    assert cast.call(CARRIER, f"{SERVICE}/ReplayDeliveries", request).replayed == 1
    cast.world.settle()
    assert ear.events == ["waybill.issued", "waybill.issued"]
    since = fleet.ReplayDeliveriesRequest(receiver_id="tms")
    since.queued_from.FromDatetime(cast.world.clock.now())
    assert cast.call(CARRIER, f"{SERVICE}/ReplayDeliveries", since).replayed == 1


def test_deliveries_come_in_pages_and_by_state(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    waybill = cast.issue(a_waybill()).waybill
    depart(cast, waybill)
    request = fleet.ListDeliveriesRequest(receiver_id="tms", page_size=2, states=[fleet.DELIVERY_STATE_WAITING])
    first = cast.call(CARRIER, f"{SERVICE}/ListDeliveries", request)
    request.page_token = first.next_page_token
    second = cast.call(CARRIER, f"{SERVICE}/ListDeliveries", request)
    found = [each.event for each in (*first.deliveries, *second.deliveries)]
    assert found == ["waybill.departed", "waybill.loaded", "waybill.issued"]
    assert second.next_page_token == ""
    assert deliveries(cast, states=[fleet.DELIVERY_STATE_REFUSED]) == []


def test_a_removed_receiver_hears_nothing_more(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    cast.issue(a_waybill())
    request = fleet.RemoveReceiverRequest(receiver_id="tms")
    assert cast.call(CARRIER, f"{SERVICE}/RemoveReceiver", request).dropped == 1
    cast.world.settle()
    assert ear.bodies == []
    with pytest.raises(Refused) as refused:
        deliveries(cast)
    assert refused.value.reasons == {"NOT_FOUND"}


def test_a_secret_is_kept_when_none_is_given_and_never_shown(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url)
    assert put(cast, ear.url + "/new", secret="").secret == ""
    cast.issue(a_waybill())
    cast.world.settle()
    webhook.check(SECRET, ear.headers[0][webhook.HEADER], ear.bodies[0], datetime.now(UTC))
    with cast.world.host.engine.begin() as connection:
        kept = connection.execute(text("SELECT secret FROM waybill_receivers")).scalar_one()
    assert SECRET.encode() not in kept


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"url": "ftp://fleet.example/"}, "receiver.url"),
    ({"url": "https://user:word@fleet.example/"}, "receiver.url"),
    ({"url": "https://fleet.example/\r\nX: 1"}, "receiver.url"),
    ({"url": "https:///x"}, "receiver.url"),
    ({"url": "https://fleet.example:99999/"}, "receiver.url"),
    ({"secret": "short"}, "receiver.secret"),
    ({"secret": ""}, "receiver.secret"),
    ({"events": ["waybill.eaten"]}, "receiver.events[0]"),
    ({"kind": 0}, "receiver.kind"),
    ({"kind": 9}, "receiver.kind"),
    ({"province": "44"}, "receiver.province"),
    ({"kind": fleet.RECEIVER_KIND_PROVINCE, "province": "guangdong"}, "receiver.province"),
    ({"id": ""}, "receiver.id"),
    ({"id": "a b"}, "receiver.id"),
]


def test_each_fault_of_a_receiver_is_refused(cast: Cast) -> None:
    for fields, path in FAULTS:
        with pytest.raises(Refused) as refused:
            put(cast, **({"url": "https://fleet.example/hazway"} | fields))
        assert path in {fault.path for fault in refused.value.faults}, fields


def test_a_province_that_accepts_is_seen_on_the_waybill(cast: Cast, ear: Listening) -> None:
    ear.usual = (200, json.dumps({"status": 1, "message": "获取数据成功"}).encode())
    put_province(cast, ear.url)
    waybill = cast.issue(a_waybill()).waybill
    cast.world.settle()
    sent = ear.said()[0]
    assert (sent["billNo"], sent["billStatus"], sent["weight"]) == (waybill.number, 1, 28)
    assert (sent["numberPlate"], sent["numberPlateColor"]) == ("粤B11001-黄", "黄")
    assert (sent["driverCertificateNo"], sent["escortCertificateNo"]) == ("Q-0002", "Q-0003")
    assert ear.headers[0]["Authorization"] == f"Bearer {SECRET}"
    read = cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=waybill.id))
    (said,) = read.external_refs
    assert (said.system, said.number, said.state) == ("province/44", waybill.number, "ACCEPTED")
    assert read.etag == waybill.etag  # nobody changed the waybill
    assert deliveries(cast, "gd")[0].state == fleet.DELIVERY_STATE_ACCEPTED


def test_a_province_that_refuses_says_why_and_can_be_asked_again(cast: Cast, ear: Listening) -> None:
    ear.answers = [(200, json.dumps({"status": 0, "message": "车牌未备案"}).encode())]
    ear.usual = (200, b'{"status": "1"}')
    put_province(cast, ear.url)
    waybill = cast.issue(a_waybill()).waybill
    cast.world.settle()
    refused = deliveries(cast, "gd")[0]
    assert (refused.state, refused.last_error) == (fleet.DELIVERY_STATE_REFUSED, "车牌未备案")
    read = cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=waybill.id))
    assert (read.external_refs[0].state, read.external_refs[0].reason) == ("REFUSED", "车牌未备案")
    cast.call(
        CARRIER,
        f"{SERVICE}/ReplayDeliveries",
        fleet.ReplayDeliveriesRequest(receiver_id="gd", delivery_ids=[refused.id]),
    )
    cast.world.settle()
    read = cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=waybill.id))
    assert [(each.state, each.reason) for each in read.external_refs] == [("ACCEPTED", "")]


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>"), (200, b"[]"), (200, b"{}"), 401, 403, 500, 503, (200, b"[" * 50_000)],
    ids=["html", "list", "nothing", "401", "403", "500", "503", "deep"],
)
def test_an_answer_that_is_no_verdict_is_no_refusal(cast: Cast, ear: Listening, answer: Any) -> None:
    ear.answers = [answer]
    put_province(cast, ear.url)
    cast.issue(a_waybill())
    cast.world.settle(1)
    (waiting,) = deliveries(cast, "gd")
    assert (waiting.state, waiting.attempts) == (fleet.DELIVERY_STATE_WAITING, 1)
    assert waiting.last_error


def test_only_the_carrier_reports_to_a_province(cast: Cast, ear: Listening) -> None:
    put(cast, ear.url, by=CONSIGNOR, id="gd", kind=fleet.RECEIVER_KIND_PROVINCE, province="44")
    cast.issue(a_waybill())
    cast.world.settle()
    assert ear.bodies == []


def test_a_bill_of_the_province_becomes_the_waybill_it_came_from(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    exported = cast.call(CONSIGNEE, f"{SERVICE}/ExportProvincial", fleet.ExportProvincialRequest(waybill_id=issued.id))
    request = fleet.PreviewProvincialRequest(json=exported.json)
    preview = cast.call(CARRIER, f"{SERVICE}/PreviewProvincial", request)
    draft = preview.waybill
    assert [each.path for each in preview.findings] == ["waybill.goods[0].mode"]
    assert list(draft.assignments) == [each for each in issued.assignments if each.role != pb.ROLE_TANK]
    assert (draft.consignor.name, draft.consignee.name) == (issued.consignor.name, issued.consignee.name)
    assert draft.planned_departure == issued.planned_departure
    assert draft.goods[0].mass_g == issued.goods[0].mass_g
    assert draft.origin.division_code == "440308"
    stranger = cast.call(RIVAL, f"{SERVICE}/PreviewProvincial", request)
    assert {each.path for each in stranger.findings} >= {"numberPlate", "driverCertificateNo"}
    with pytest.raises(Refused):
        cast.call(RIVAL, f"{SERVICE}/ExportProvincial", fleet.ExportProvincialRequest(waybill_id=issued.id))
