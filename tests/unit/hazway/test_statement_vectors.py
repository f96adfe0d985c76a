"""What programs in other languages are checked against: read here with other people's CBOR and cryptography."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from google.protobuf import json_format

from hazway import body, cbor, statement
from hazway.acts import ACTS
from tests.vectors.generate_statements import FOLDER, REQUESTS, SALT

VECTORS = sorted(FOLDER.glob("*.json"))


def read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    vector = json.loads(path.read_text(encoding="utf-8"))
    names = (
        "public_key",
        "private_key",
        "kid",
        "salt",
        "body",
        "protected",
        "payload",
        "to_be_signed",
        "signature",
        "statement",
    )
    return vector, {name: bytes.fromhex(vector[name]) for name in names}


def test_there_is_a_vector_of_each_kind_of_field_and_key() -> None:
    assert {path.stem.partition("-")[0] for path in VECTORS} == {method.rpartition("/")[2] for method in REQUESTS}
    assert {path.stem.rpartition("-")[2] for path in VECTORS} == {"ed25519", "es256"}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_statement_vector(path: Path) -> None:
    vector, data = read(path)
    request = REQUESTS["/".join(vector["method"].rpartition(".")[2].split("/"))]()
    json_format.ParseDict(vector["request"], request)
    act = ACTS[vector["method"]]
    assert (act.kind, act.subject(request)) == (vector["kind"], vector["subject"])
    assert cbor.dumps(body.body_of(request)) == data["body"]
    said = cbor2.loads(data["body"])
    digest = hashlib.sha256(vector["text"].encode()).digest()
    payload = {"v": 1, "kind": act.kind, "request_id": vector["request"]["request_id"], "body": said, "text_sha256": digest,
               "salt": SALT, "custodial": False}  # fmt: skip
    kid = hashlib.sha256(data["public_key"]).digest()
    claims = {1: "carrier", 2: vector["subject"], 6: 1_793_577_607}
    protected = {1: vector["alg"], 3: "application/hazway-statement+cbor", 4: kid, 15: claims}
    # Deterministic CBOR by another hand, and a signature by another.
    written = [cbor2.dumps(each, canonical=True) for each in (protected, payload)]
    assert written == [data["protected"], data["payload"]]
    assert cbor2.dumps(["Signature1", written[0], b"", written[1]], canonical=True) == data["to_be_signed"]
    assert (
        cbor2.dumps(cbor2.CBORTag(18, [written[0], {}, written[1], data["signature"]]), canonical=True)
        == data["statement"]
    )
    public = load_der_public_key(data["public_key"])
    if isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(data["signature"], data["to_be_signed"])
        private = load_der_private_key(data["private_key"], None)
        assert isinstance(private, ed25519.Ed25519PrivateKey)
        assert private.sign(data["to_be_signed"]) == data["signature"]
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        r, s = (int.from_bytes(half, "big") for half in (data["signature"][:32], data["signature"][32:]))
        public.verify(utils.encode_dss_signature(r, s), data["to_be_signed"], ec.ECDSA(hashes.SHA256()))
    assert statement.open(data["statement"], data["public_key"]).text == vector["text"]


def test_no_secret_is_stated() -> None:
    person = next(path for path in VECTORS if path.stem.startswith("PutPerson"))
    vector, data = read(person)
    number = vector["request"]["person"]["identity_number"]
    assert number.encode() not in data["statement"]
    assert number not in vector["text"]
