"""The key ring: who may register and revoke, and what a revocation takes with it. Forgeries are in the record vectors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hazway import key_record, statement
from hazway.errors import VerificationError
from hazway.key_record import KeyRing
from tests.simulated_log import CARRIER, OPERATOR, World, fixed_key, nanoseconds


def ring_of(world: World) -> KeyRing:
    ring = KeyRing()
    links = [link for subject, chain in world.log.chains.items() if subject.startswith("keys/") for link in chain]
    for link in sorted(links, key=lambda link: link.index):
        ring.apply(link.statement, link.registration, link.index)
    return ring


def test_an_organisation_cannot_disown_what_it_has_said() -> None:
    world = World()
    said = world.say(CARRIER, "waybill/7", "waybill.issue")
    world.state(world.revocation(CARRIER, world.signers[CARRIER].kid, world.now - timedelta(days=1), by=CARRIER))
    ring = ring_of(world)
    issued = statement.parse_unverified(said.statement)
    assert ring.signer_of(issued, said.registration.at, said.index).organisation == CARRIER
    with pytest.raises(VerificationError, match="revoked"):
        ring.signer_of(issued, nanoseconds(world.now), said.index + 9)


def test_an_earlier_revocation_stands_against_a_later_one() -> None:
    world = World()
    kid = world.signers[CARRIER].kid
    early = world.now
    world.state(world.revocation(CARRIER, kid, early, by=OPERATOR))
    world.state(world.revocation(CARRIER, kid, early + timedelta(days=1), by=OPERATOR))
    assert {record.kid: record.revoked_at for record in ring_of(world).records}[kid] == nanoseconds(early)


def test_a_long_line_of_keys_falls_with_its_first() -> None:
    world = World()
    stolen = world.now
    first = world.signers[CARRIER]
    for number in range(1500):
        following = fixed_key(f"carrier {number}")
        world.state(world.key_statement(CARRIER, following, by=CARRIER))
        world.signers[CARRIER] = following
    world.state(world.revocation(CARRIER, first.kid, stolen, by=OPERATOR))
    records = [record for record in ring_of(world).records if record.organisation == CARRIER]
    assert len(records) == 1501
    assert all(
        record.revoked_at is not None and record.revoked_at <= record.registered_at + 60 * 10**9 for record in records
    )


def test_keys_are_taken_in_the_order_of_the_log_only() -> None:
    world = World()
    first, second = world.log.chains["keys/operator"][0], world.log.chains["keys/carrier"][0]
    ring = KeyRing()
    ring.apply(first.statement, first.registration, first.index)
    with pytest.raises(VerificationError):
        ring.apply(first.statement, first.registration, first.index)
    ring.apply(second.statement, second.registration, second.index)


def test_a_custodial_key_is_registered_as_such() -> None:
    signer = fixed_key("custodian")
    body = key_record.register_body(
        organisation=CARRIER,
        spki=signer.spki,
        possession=key_record.prove_possession(signer, CARRIER),
        valid_from=1,
        custodial=True,
    )
    world = World()
    world.state(world.statement(OPERATOR, key_record.subject_of(CARRIER), key_record.REGISTER, body))
    said = world.state(world.statement(CARRIER, "waybill/7", "waybill.sign", {}, signer=signer, custodial=True))
    issued = statement.parse_unverified(said.statement)
    assert ring_of(world).signer_of(issued, said.registration.at, said.index).custodial
