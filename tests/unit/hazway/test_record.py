"""A bundle proves what it says and nothing that was tampered with: each attack fails at its step and no other."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hazway import bundle as bundles
from hazway import note, record, trust
from hazway.errors import VerificationError
from tests.simulated_log import CARRIER, CONSIGNEE, OPERATOR, World, fixed_key
from tests.vectors import generate

VECTORS = Path(__file__).parents[2] / "vectors"
ATTACKS = sorted((VECTORS / "record").glob("*.json"))
KEPT = sorted(VECTORS.glob("bundle-*.hazway"))


def read_trust(fields: dict[str, Any]) -> record.Trust:
    at = None if fields["at"] is None else datetime.fromisoformat(fields["at"])
    return trust.parse(json.dumps(fields["trust"]), at)


def small_bundle() -> tuple[bytes, record.Trust]:
    world = World()
    world.say(CARRIER, "waybill/7", "waybill.issue", {"remark": "烟花"})
    return bundles.encode(world.bundle()), world.trust()


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_an_attack_fails_at_its_step_and_nowhere_else(path: Path) -> None:
    fields = json.loads(path.read_text())
    with pytest.raises(VerificationError) as refused:
        record.verify(base64.b64decode(fields["bundle"]), read_trust(fields["trust"]))
    assert refused.value.step == fields["step"]
    assert refused.value.problem
    assert refused.value.problem_zh


def test_every_step_has_attacks() -> None:
    attacked = {json.loads(path.read_text())["step"] for path in ATTACKS}
    assert attacked == set(record.STEPS) == set(generate.RECORD_ATTACKS)


def test_the_docstring_the_code_and_the_steps_are_one_list() -> None:
    source = Path(record.__file__).read_text().split("def verify(")[1].split("\ndef ")[0]
    for number in range(1, len(record.STEPS) + 1):
        promised = source.split(f"    {number}. ")[1].split("\n")[0].rstrip(".").lower()
        assert f"# {number} {promised}" in source.lower()
        assert f"STEPS[{number - 1}]" in source


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_bundle_of_old_is_verified_for_ever(path: Path) -> None:
    fields = json.loads(path.with_suffix(".trust.json").read_text())
    verified = record.verify(path.read_bytes(), read_trust(fields))
    assert verified.is_witnessed
    assert verified.subjects[0].subject == "waybill/7"
    assert verified.subjects[0].facts


def test_the_facts_are_who_said_what_and_when() -> None:
    world = World().trip()
    verified = record.verify(bundles.encode(world.bundle("waybill/7", "waybill/8")), world.trust())
    first, second = verified.subjects
    assert [fact.statement.kind for fact in first.facts if fact.statement] == [
        "waybill.issue", "waybill.depart", "waybill.sign",
    ]  # fmt: skip
    assert [fact.statement.issuer for fact in first.facts if fact.statement] == [CARRIER, CARRIER, CONSIGNEE]
    assert [fact.registration.seq for fact in first.facts] == [1, 2, 3]
    assert second.subject == "waybill/8"
    assert [key.organisation for key in verified.keys] == [OPERATOR, CARRIER, CONSIGNEE]
    assert [name for name, _ in verified.cosigned] == ["witness.example/police", "witness.example/transport"]
    statement = first.facts[0].statement
    assert statement is not None
    assert "28.000 吨" in (statement.text or "")


def test_one_flipped_bit_is_refused_wherever_it_is() -> None:
    data, known = small_bundle()
    bits = random.Random(7)
    steps = set()
    for at in range(bits.randrange(5), len(data), 5):
        flipped = bytearray(data)
        flipped[at] ^= 1 << bits.randrange(8)
        with pytest.raises(VerificationError) as refused:
            record.verify(bytes(flipped), known)
        steps.add(refused.value.step)
    assert steps <= set(record.STEPS)
    assert len(steps) >= 8


@pytest.mark.soak
def test_every_single_flipped_bit_is_refused() -> None:
    data, known = small_bundle()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationError):
            record.verify(bytes(flipped), known)


def test_every_prefix_is_refused() -> None:
    data, known = small_bundle()
    for length in range(len(data)):
        with pytest.raises(VerificationError) as refused:
            record.verify(data[:length], known)
        assert refused.value.step == "1 format"


def test_prefixes_of_every_attack_are_refused() -> None:
    known = World().trust()
    for path in ATTACKS:
        data = base64.b64decode(json.loads(path.read_text())["bundle"])
        for length in range(0, max(len(data) - 1, 0), 97):
            with pytest.raises(VerificationError) as refused:
                record.verify(data[:length], known)
            assert refused.value.step == "1 format"


@pytest.mark.parametrize("junk", [None, 7, "text", [], bytearray(b"\xa0"), memoryview(b"\xa0")])
def test_what_is_no_file_is_refused(junk: Any) -> None:
    with pytest.raises(VerificationError):
        record.verify(junk, World().trust())


def test_without_a_policy_a_record_is_good_but_not_witnessed() -> None:
    world = World().trip()
    unwitnessed = replace(world.bundle(), checkpoint=world.log.checkpoint(at=world.now))
    verified = record.verify(bundles.encode(unwitnessed), record.Trust((world.log.vkey,)))
    assert not verified.is_witnessed
    assert verified.cosigned == ()


def test_without_any_key_nothing_is_good() -> None:
    with pytest.raises(VerificationError):
        record.verify(small_bundle()[0], record.Trust(()))


def test_unknown_signatures_on_the_checkpoint_do_no_harm() -> None:
    world = World().trip()
    bundle = world.bundle()
    greased = replace(bundle, checkpoint=bundle.checkpoint + note.grease())
    assert record.verify(bundles.encode(greased), world.trust()).is_witnessed


def test_a_period_needs_only_the_statements_within_it() -> None:
    world = World().trip()
    start, end = world.now - timedelta(seconds=90), world.now
    bundle = world.bundle(start=start, end=end)
    kept = (replace(bundle.subjects[0].entries[1], statement=bundle.subjects[0].entries[1].statement),)
    first, _, last = bundle.subjects[0].entries
    bundle = generate.with_entries(bundle, (replace(first, statement=None), *kept, replace(last, statement=None)))
    facts = record.verify(bundles.encode(bundle), world.trust()).subjects[0].facts
    assert [fact.absent for fact in facts] == ["period", None, "period"]


def test_a_period_may_start_with_the_registration_before_it() -> None:
    world = World().trip()
    bundle = world.bundle(start=world.now - timedelta(seconds=30))
    entries = bundle.subjects[0].entries
    cut = generate.with_entries(bundle, (replace(entries[1], statement=None), entries[2]))
    facts = record.verify(bundles.encode(cut), world.trust()).subjects[0].facts
    assert [(fact.registration.seq, fact.absent) for fact in facts] == [(2, "period"), (3, None)]


def test_a_subject_of_which_the_log_knows_nothing_is_proven_empty() -> None:
    world = World().trip()
    verified = record.verify(bundles.encode(world.bundle("waybill/none")), world.trust())
    assert verified.subjects[0].facts == ()


def test_an_expired_body_is_named_as_such() -> None:
    world, bundle = generate.expired_trip()
    facts = record.verify(bundles.encode(bundle), world.trust()).subjects[0].facts
    assert facts[0].absent == "expired"
    assert facts[0].statement is None
    assert facts[-1].statement is not None


def test_what_a_key_signed_before_its_revocation_stays_good() -> None:
    world, bundle = generate.rotated_keys()
    verified = record.verify(bundles.encode(bundle), world.trust())
    first, second, third = [key for key in verified.keys if key.organisation == CARRIER]
    assert first.revoked_at is not None
    assert second.registered_by == first.kid
    assert second.revoked_at is not None
    assert third.by == OPERATOR
    assert [fact.key.kid for fact in verified.subjects[0].facts if fact.key] == [first.kid, second.kid, third.kid]


def test_a_named_authority_stands_in_for_the_first_entry() -> None:
    world = World().trip()
    named = replace(world.trust(), authorities=(fixed_key("operator").spki,))
    record.verify(bundles.encode(world.bundle()), named)


def test_a_trust_file_is_read_strictly() -> None:
    world = World()
    good = {"log_keys": [world.log.vkey], "authorities": [note.to_base64(fixed_key("operator").spki)], "max_age_s": 60}
    read = trust.parse(json.dumps(good))
    assert read.max_age == timedelta(seconds=60)
    for bad in (
        "", "[]", "{", "[" * 100_000,
        json.dumps(good | {"quorum": 1}),
        json.dumps(good | {"log_keys": [7]}),
        json.dumps(good | {"log_keys": world.log.vkey}),
        json.dumps(good | {"max_age_s": -1}),
        json.dumps(good | {"max_age_s": True}),
        json.dumps(good | {"authorities": ["AAAA"]}),
    ):  # fmt: skip
        with pytest.raises(VerificationError):
            trust.parse(bad)
