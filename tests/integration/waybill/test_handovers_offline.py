"""Two people where no network reaches: files change hands, each is signed over the other's digest, both are sent later."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.protobuf import json_format
from typer.testing import CliRunner, Result

from hazway import cli_handover, keys, offline
from hazway.cli import app
from hazway.errors import VerificationError
from hazway.waybill.v1 import handover_pb2 as pb
from tests.cast import CARRIER, LOADER, Cast, a_waybill
from tests.integration.waybill.test_handovers import a_handover, custody


@pytest.fixture
def desk(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with each side's certificate and key, on machines whose clocks are right."""
    monkeypatch.setattr(cli_handover, "_now", cast.world.clock.now)
    for organisation in (LOADER, CARRIER):
        folder = tmp_path / organisation
        folder.mkdir()
        issued = cast.world.authority.issue(organisation, "")
        for name, content in (("authority", issued.authority), ("key", issued.key), ("chain", issued.chain)):
            (folder / f"{name}.pem").write_bytes(content)
        signer = keys.generate()
        cast.clients[organisation].register_key(signer)
        (folder / "sign.pem").write_bytes(keys.to_pem(signer))
    return tmp_path


def run(*line: str | Path) -> Result:
    return CliRunner().invoke(app, ["handover", *map(str, line)], env={"HAZWAY_SERVER": None})


def by(desk: Path, organisation: str, out: str) -> list[str | Path]:
    return ["--key", desk / organisation / "sign.pem", "--organisation", organisation, "--out", desk / out]


def send(cast: Cast, desk: Path, organisation: str, file: str) -> Result:
    server = f"localhost:{cast.world.listeners.machine_port}"
    return run(
        "send", desk / file, "--server", server, "--identity", desk / organisation, "--organisation", organisation
    )


def test_a_hand_over_is_signed_by_both_without_a_network_and_sent_later(cast: Cast, desk: Path) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    handed = a_handover(issued, pb.HANDOVER_KIND_LOADING, seals=["S-7"])
    (desk / "handed.json").write_text(json_format.MessageToJson(handed), encoding="utf-8")
    made = run("offer", desk / "handed.json", *by(desk, LOADER, "offer.json"))
    assert made.exit_code == 0, made.output
    shown = run("show", desk / "offer.json")
    for words in ("交接〔waybill.hand_over〕", "S-7", "28.000 吨", "签署单位 loader"):
        assert words in shown.output
    signed = run("countersign", desk / "offer.json", *by(desk, CARRIER, "answer.json"), "--name", "张二号",
                 "--received", "1=27999000", "--differences", "封签号模糊")  # fmt: skip
    assert signed.exit_code == 0, signed.output
    cast.world.clock.advance(hours=2)
    # The taker's file alone is about nothing; after the giver's it counts, and twice is once.
    assert send(cast, desk, CARRIER, "answer.json").exit_code == 1
    assert send(cast, desk, CARRIER, "offer.json").exit_code == 1  # not the carrier's word
    assert send(cast, desk, LOADER, "offer.json").exit_code == 0
    answers = [send(cast, desk, CARRIER, "answer.json") for _ in range(2)]
    assert [answer.exit_code for answer in answers] == [0, 0], answers[0].output
    assert answers[0].output == answers[1].output
    (kept,) = custody(cast, issued.id).handovers
    assert kept.state == pb.HANDOVER_STATE_COUNTERSIGNED
    assert (kept.answer.received[0].delivered_g, kept.answer.differences) == (27_999_000, "封签号模糊")
    assert kept.answer.discrepancy
    assert not kept.answer.late
    assert kept.answer.signed_at.seconds < cast.world.clock.now().timestamp() - 7_000


def test_it_is_refused_without_a_network_too(cast: Cast, desk: Path) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    handed = json_format.MessageToJson(a_handover(issued, pb.HANDOVER_KIND_LOADING))
    (desk / "handed.json").write_text(handed, encoding="utf-8")
    run("offer", desk / "handed.json", *by(desk, LOADER, "offer.json"))
    assert (
        run(
            "refuse", desk / "offer.json", *by(desk, CARRIER, "no.json"), "--name", "张二号", "--reason", "漏油"
        ).exit_code
        == 0
    )
    assert send(cast, desk, LOADER, "offer.json").exit_code == 0
    assert send(cast, desk, CARRIER, "no.json").exit_code == 0
    assert custody(cast, issued.id).handovers[0].answer.refused_reason == "漏油"


def test_nothing_is_countersigned_that_the_giver_did_not_sign(tmp_path: Path) -> None:
    giver = keys.generate()
    handed = pb.Handover(id="h-1", waybill_id="w-1", kind=pb.HANDOVER_KIND_LOADING, revision=1)
    handed.lines.add(goods_number=1, mass_g=28_000_000)
    offer = pb.OfferHandoverRequest(handover=handed)
    offline.complete(offline.OFFER, offer, organisation="loader", signer=giver, now=datetime(2026, 11, 2, tzinfo=UTC))
    sound = offline.dumps(offline.OFFER, offer)
    assert offline.loads(sound) == (offline.OFFER, offer)
    (tmp_path / "key.pem").write_bytes(keys.to_pem(keys.generate()))
    options: list[str | Path] = [
        "--key",
        tmp_path / "key.pem",
        "--organisation",
        "carrier",
        "--name",
        "张",
        "--out",
        tmp_path / "answer.json",
    ]
    for number, worse in enumerate((
        sound.replace("28000000", "27000000"),
        sound.replace("loader", "carrier").replace("OfferHandover", "RefuseHandover"),
        json.dumps({"method": offline.OFFER, "request": {}}),
        json.dumps({"method": "hazway.waybill.v1.Nothing/AtAll", "request": {}}),
        json.dumps([1]), "[" * 100_000, "", "null",
    )):  # fmt: skip
        (tmp_path / "offer.json").write_text(worse, encoding="utf-8")
        assert run("countersign", tmp_path / "offer.json", *options).exit_code != 0, number
        assert not (tmp_path / "answer.json").exists()
    with pytest.raises(VerificationError):
        offline.countersigned(pb.OfferHandoverRequest(), signed_by="张", signed_at=datetime(2026, 11, 2, tzinfo=UTC))
