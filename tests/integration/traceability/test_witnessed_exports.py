"""Witnesses asked over real HTTP: an authority gets nothing that a quorum has not cosigned, others are told so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from hazway import checkpoint, note, record
from hazway.errors import VerificationError
from hazway.policy import Policy, parse
from hazway.refusals import Refused
from hazway.trust import Trust
from hazway.witness_server import Store, WitnessServer
from services import traceability
from services.runtime.settings import Settings
from services.traceability.witnessing import Witnesses
from tests.cast import CARRIER, TRANSPORT, Cast, a_waybill, play
from tests.simulated_log import fixed_key
from tests.world import World, running_world

NAMES = ("police", "transport", "emergency")
WHY = "事故调查 accident inquiry"
TrustOf = Callable[..., Trust]


class Agencies:
    """Three witnesses of three agencies, of which two must cosign; each can be switched off and on."""

    def __init__(self, home: Path) -> None:
        self.home, self.servers = home, dict[str, WitnessServer]()
        self.signers = {
            name: note.Signer(f"witness.example/{name}", fixed_key(name), note.COSIGNATURE) for name in NAMES
        }
        settings = Settings(home=home / "home")
        self.vkey = traceability.keeper_of(settings).note_signer.verifier
        self.ports = dict.fromkeys(NAMES, 0)
        self.clock: Callable[[], float] = lambda: 0.0

    def on(self, name: str) -> None:
        signer = self.signers[name]
        store = Store(self.home / name, signer.verifier)
        server = WitnessServer(signer, [self.vkey], store, ("127.0.0.1", self.ports[name]), now=lambda: self.clock())
        self.servers[name], self.ports[name] = server, server.port
        threading.Thread(target=server.serve, daemon=True).start()

    def off(self, name: str) -> None:
        self.servers.pop(name).close()

    def policy(self) -> str:
        lines = [f"witness {name} {self.signers[name].verifier} http://127.0.0.1:{self.ports[name]}" for name in NAMES]
        return "\n".join([*lines, f"group agencies 2 {' '.join(NAMES)}", "quorum agencies", ""])


@pytest.fixture
def agencies(tmp_path: Path) -> Iterator[Agencies]:
    made = Agencies(tmp_path)
    for name in NAMES:
        made.on(name)
    yield made
    for name in list(made.servers):
        made.off(name)


@contextmanager
def witnessed_world(agencies: Agencies, database_url: str, redis_url: str) -> Iterator[Cast]:
    file = agencies.home / "witnesses.policy"
    file.write_text(agencies.policy(), encoding="utf-8")
    with running_world(agencies.home / "home", database_url, redis_url, witness_policy=str(file)) as world:
        agencies.clock = lambda: world.clock.now().timestamp()
        yield play(world)


@pytest.fixture
def cast(agencies: Agencies, migrated_database_url: str, redis_url: str) -> Iterator[Cast]:
    with witnessed_world(agencies, migrated_database_url, redis_url) as made:
        yield made


def policy_of(agencies: Agencies) -> Policy:
    return parse(agencies.policy())


def test_a_cosigned_export_verifies_for_whoever_asks_for_a_quorum(
    cast: Cast, agencies: Agencies, trust_of: TrustOf
) -> None:
    message = cast.issue(a_waybill()).waybill
    cast.world.settle()
    answer = cast.clients[TRANSPORT].exported(f"waybill/{message.id}", purpose=WHY)
    assert answer.witnessed
    verified = record.verify(answer.bundle, trust_of(cast.world, policy_of(agencies)))
    assert verified.is_witnessed
    assert {name for name, _ in verified.cosigned} == {f"witness.example/{name}" for name in NAMES}


def test_without_a_quorum_an_authority_gets_nothing_and_the_carrier_is_told(
    cast: Cast, agencies: Agencies, trust_of: TrustOf
) -> None:
    cast.world.settle()
    agencies.off("police")
    agencies.off("transport")
    message = cast.issue(a_waybill()).waybill
    cast.world.settle()
    with pytest.raises(Refused) as refused:
        cast.clients[TRANSPORT].export_record(f"waybill/{message.id}", purpose=WHY)
    assert refused.value.reasons == {"NOT_WITNESSED"}
    answer = cast.clients[CARRIER].exported(f"waybill/{message.id}")
    assert not answer.witnessed
    assert not record.verify(answer.bundle, trust_of(cast.world)).is_witnessed
    with pytest.raises(VerificationError, match="witness"):
        record.verify(answer.bundle, trust_of(cast.world, policy_of(agencies)))
    agencies.on("police")
    cast.world.settle()
    assert cast.clients[TRANSPORT].exported(f"waybill/{message.id}", purpose=WHY).witnessed


def test_an_authority_still_gets_what_was_witnessed_before_the_witnesses_failed(
    cast: Cast, agencies: Agencies, trust_of: TrustOf
) -> None:
    before = cast.issue(a_waybill()).waybill
    cast.world.settle()
    agencies.off("police")
    agencies.off("emergency")
    with cast.world.host.engine.begin() as connection:
        traceability.state(
            connection, traceability.keeper_of(cast.world.host.settings), kind="zone.declare", subject="zone/elsewhere",
            body={}, request_id="elsewhere", at=cast.world.clock.now(),
        )  # fmt: skip
    cast.world.settle()
    answer = cast.clients[TRANSPORT].exported(f"waybill/{before.id}", purpose=WHY)
    verified = record.verify(answer.bundle, trust_of(cast.world, policy_of(agencies)))
    assert verified.size < _size(cast.world)


def test_cosignatures_are_published_and_renewed_while_the_log_stands_still(cast: Cast, agencies: Agencies) -> None:
    cast.world.settle()
    first = _published(cast, agencies)
    assert len(first.cosignatures) == 3
    cast.world.clock.advance(minutes=5)
    cast.world.settle()
    again = _published(cast, agencies)
    assert again.checkpoint.size >= first.checkpoint.size
    assert len(again.cosignatures) == 3
    assert max(one.at or 0 for one in again.cosignatures) > max(one.at or 0 for one in first.cosignatures)


def test_a_witness_that_answers_rubbish_counts_for_nothing(cast: Cast, agencies: Agencies) -> None:
    world = cast.world
    world.settle()
    engine, keeper = world.host.engine, traceability.keeper_of(world.host.settings)
    lying = Witnesses(engine, keeper, policy_of(agencies))
    lying._ask = lambda one, head: "— witness.example/police AAAAAAAAAAA=\n"  # type: ignore[method-assign]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM traceability_witnessed"))
    assert not lying.round(world.clock.now())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM traceability_witnessed")).scalar() == 0


def _published(cast: Cast, agencies: Agencies) -> checkpoint.Opened:
    file = cast.world.host.settings.home / "public" / "log" / "checkpoint"
    witnesses = [signer.verifier for signer in agencies.signers.values()]
    return checkpoint.open(file.read_text("utf-8"), [agencies.vkey], witnesses)


def _size(world: World) -> int:
    with world.host.engine.connect() as connection:
        return int(connection.execute(text("SELECT size FROM traceability_log")).scalar_one())
