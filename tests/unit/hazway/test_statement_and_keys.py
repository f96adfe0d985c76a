"""Statements are signed by whom they say, over all they say; keys are what they are and are kept sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from hypothesis import given
from hypothesis import strategies as st

from hazway import cbor, cose, ids, keys, registration, statement, subject_head
from hazway.errors import VerificationError
from hazway.registration import Registration
from hazway.subject_head import SubjectHead

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
SIGNERS = [keys.generate(keys.ED25519), keys.generate(keys.ES256)]
both = pytest.mark.parametrize("signer", SIGNERS, ids=["ed25519", "es256"])


def make(signer: keys.Signer, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "issuer": "carrier",
        "subject": "waybill/7",
        "kind": "waybill.issue",
        "request_id": "r-1",
        "body": {"mass_g": 28_000_000, "plate": "粤B12345"},
        "issued_at": AT,
    }
    return statement.make(signer, **(fields | changes))


@both
def test_a_statement_says_what_was_said(signer: keys.Signer) -> None:
    said = statement.open(make(signer, custodial=True), signer.spki)
    assert (said.issuer, said.subject, said.kind, said.request_id) == ("carrier", "waybill/7", "waybill.issue", "r-1")
    assert said.body == {"mass_g": 28_000_000, "plate": "粤B12345"}
    assert (said.issued_at, said.custodial, said.kid) == (AT, True, signer.kid)
    assert "28.000 吨" in (said.text or "")


@both
def test_every_flipped_bit_of_a_statement_is_refused(signer: keys.Signer) -> None:
    data = make(signer)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationError):
            statement.open(bytes(flipped), signer.spki)


@both
def test_every_prefix_of_a_statement_is_refused(signer: keys.Signer) -> None:
    data = make(signer)
    for length in range(len(data)):
        with pytest.raises(VerificationError):
            statement.open(data[:length], signer.spki)


@both
def test_another_key_does_not_verify(signer: keys.Signer) -> None:
    for other in (keys.generate(), keys.generate(keys.ES256)):
        with pytest.raises(VerificationError):
            statement.open(make(signer), other.spki)


def test_two_statements_of_the_same_differ_by_salt() -> None:
    assert make(SIGNERS[0]) != make(SIGNERS[0])
    assert make(SIGNERS[0], salt=b"s" * 16) == make(SIGNERS[0], salt=b"s" * 16)


@pytest.mark.parametrize(
    "changes",
    [{"subject": "waybill"}, {"subject": "waybill/"}, {"subject": "Waybill/7"}, {"subject": "waybill/7/8"},
     {"subject": "waybill/../x"}, {"subject": "waybill/7\n"}, {"subject": "waybill/" + "7" * 129},
     {"issuer": ""}, {"issuer": "a b"}, {"kind": "issue"}, {"kind": "waybill.Issue"}, {"request_id": ""},
     {"request_id": "a\nb"}, {"salt": b"short"}, {"issued_at": datetime(2026, 3, 1)},
     {"issued_at": datetime(1969, 1, 1, tzinfo=UTC)}, {"body": {"x": 1.5}}, {"custodial": 1}],
)  # fmt: skip
def test_a_malformed_statement_is_never_made(changes: dict[str, Any]) -> None:
    with pytest.raises(VerificationError):
        make(SIGNERS[0], **changes)


def forged(protected: dict[Any, Any] | None = None, unprotected: dict[Any, Any] | None = None, **payload: Any) -> bytes:
    sign1 = cose.parse(make(SIGNERS[0]))
    header = {key: value for key, value in sign1.protected.items() if key not in (cose.ALG, cose.KID)}
    content = cbor.loads(sign1.payload or b"")
    return cose.sign(SIGNERS[0], header | (protected or {}), cbor.dumps(content | payload), unprotected=unprotected)


@pytest.mark.parametrize(
    "data",
    [forged(v=2), forged(extra=1), forged(kind=7), forged(body=[]), forged(text_sha256=b""), forged(custodial=0),
     forged({3: "application/other"}), forged({99: 1}), forged({15: {1: "carrier", 2: "waybill/7"}}),
     forged({15: {1: "carrier", 2: "waybill/7", 6: True}}), forged({15: {1: "carrier", 2: "waybill/7", 6: -1}}),
     forged({15: {1: 7, 2: "waybill/7", 6: 1}}), forged({2: [3]}), forged(None, {99: 1})],
)  # fmt: skip
def test_a_well_signed_statement_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        statement.open(data, SIGNERS[0].spki)


def test_a_text_the_signer_did_not_see_is_not_given_as_seen() -> None:
    assert statement.open(forged(text_sha256=b"\x00" * 32), SIGNERS[0].spki).text is None


def test_an_algorithm_of_another_key_is_refused() -> None:
    class Liar(keys.Ed25519Signer):
        alg = keys.ES256

    signer = SIGNERS[0]
    assert isinstance(signer, keys.Ed25519Signer)
    with pytest.raises(VerificationError):
        statement.open(make(Liar(signer.private_key)), signer.spki)


def test_only_ed25519_and_p256_keys_are_taken() -> None:
    others: list[PublicKeyTypes] = [
        rsa.generate_private_key(65537, 2048).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        ed448.Ed448PrivateKey.generate().public_key(),
    ]
    for other in others:
        spki = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(VerificationError):
            keys.alg_of(spki)


def test_a_key_is_written_in_one_way_only() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    with pytest.raises(VerificationError):
        keys.alg_of(compressed)


@given(st.binary(max_size=100))
def test_garbage_is_no_key_and_no_signature(data: bytes) -> None:
    with pytest.raises(VerificationError):
        keys.alg_of(data)
    for signer in SIGNERS:
        with pytest.raises(VerificationError):
            keys.verify(signer.spki, signer.alg, b"message", data)


@both
def test_zero_signatures_are_refused(signer: keys.Signer) -> None:
    for signature in (bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32):
        with pytest.raises(VerificationError):
            keys.verify(signer.spki, signer.alg, b"", signature)


@both
def test_a_sealed_key_opens_for_its_owner_only(signer: keys.MemorySigner) -> None:
    sealed = keys.seal(signer, b"k" * 32, b"carrier")
    assert keys.unseal(sealed, b"k" * 32, b"carrier").kid == signer.kid
    attempts = [(sealed, b"x" * 32, b"carrier"), (sealed, b"k" * 32, b"other"), (sealed[:-1], b"k" * 32, b"carrier"),
                (b"", b"k" * 32, b"carrier"), (b"\x02" + sealed[1:], b"k" * 32, b"carrier"), (sealed, b"k", b"carrier")]  # fmt: skip
    for blob, sealing_key, context in attempts:
        with pytest.raises(VerificationError):
            keys.unseal(blob, sealing_key, context)


@both
def test_a_key_survives_its_file(signer: keys.MemorySigner) -> None:
    assert keys.from_pem(keys.to_pem(signer)).spki == signer.spki
    assert keys.from_pem(keys.to_pem(signer, b"secret"), b"secret").spki == signer.spki
    assert keys.spki_from_pem(keys.public_pem(signer.spki)) == signer.spki
    for password in (None, b"wrong"):
        with pytest.raises(VerificationError):
            keys.from_pem(keys.to_pem(signer, b"secret"), password)
    for junk in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(VerificationError):
            keys.from_pem(junk)
        with pytest.raises(VerificationError):
            keys.spki_from_pem(junk)


def a_registration(**changes: Any) -> Registration:
    fields: dict[str, Any] = {
        "origin": "log", "statement": b"s" * 32, "subject": "waybill/7", "seq": 2, "prev": b"p" * 32,
        "number": "C1", "decision": {"rules": 7}, "at": 5,
    }  # fmt: skip
    return Registration(**(fields | changes))


def test_a_registration_comes_back_and_its_digest_is_that_of_its_bytes() -> None:
    one = a_registration()
    assert registration.decode(one.encode()) == one
    assert one.digest() == registration.digest(one.encode())
    assert a_registration(at=6).digest() != one.digest()


@pytest.mark.parametrize(
    "changes",
    [{"seq": 0, "prev": None}, {"seq": 1}, {"prev": None}, {"statement": b"short"}, {"prev": b"short"}, {"at": -1},
     {"decision": {"x": 1.5}}, {"seq": 1 << 63}],
)  # fmt: skip
def test_a_malformed_registration_is_never_made(changes: dict[str, Any]) -> None:
    with pytest.raises(VerificationError):
        a_registration(**changes).encode()


def test_every_prefix_of_a_registration_is_refused() -> None:
    data = a_registration().encode()
    for length in range(len(data)):
        with pytest.raises(VerificationError):
            registration.decode(data[:length])


def test_a_subject_head_is_of_its_log_and_key() -> None:
    signer = SIGNERS[0]
    head = SubjectHead("log", "waybill/7", 3, b"d" * 32, 9, 5)
    data = subject_head.make(signer, head)
    assert subject_head.verify(data, signer.spki, "log") == head
    for spki, origin in ((SIGNERS[1].spki, "log"), (signer.spki, "other")):
        with pytest.raises(VerificationError):
            subject_head.verify(data, spki, origin)
    for wrong in (
        SubjectHead("log", "waybill/7", 0, b"d" * 32, 9, 5),
        SubjectHead("log", "waybill/7", 1, None, 9, 5),
        SubjectHead("log", "waybill/7", 10, b"d" * 32, 9, 5),
    ):
        with pytest.raises(VerificationError):
            subject_head.make(signer, wrong)


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    made = [ids.new_id(millisecond) for millisecond in range(1_772_352_000_000, 1_772_352_000_100)]
    assert made == sorted(made)
    assert len({ids.new_id(7) for _ in range(1000)}) == 1000
    assert all(one[14] == "7" and one[19] in "89ab" and len(one) == 36 for one in made)
