"""A fleet system in another language: HTTP, JSON and a key; whatever it sends is taken from the page it reads."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from hazway import ids, statement
from services.traceability import OPERATOR, keeper_of
from services.traceability.to_sign import MOST
from tests.cast import CARRIER, CONSIGNOR
from tests.integration.console.conftest import Web, post

KEYS, REGISTRY = "hazway.traceability.v1.TraceabilityService", "hazway.registry.v1.RegistryService"
WAYBILL, LISTS = "hazway.waybill.v1.WaybillService", "hazway.waybill.v1.ConsignmentService"
# The examples are a carrier's that is there already: what another calls its own.
OWN = {"carrier": "fleet", "tractor": "tractor-7", "tank": "tank-7", "driver": "driver-7", "trailer": "", "粤B11001": "粤B77777",
       "LHAZWAYR000000001": "LHAZWAYR000077777", "T00001": "T77777", "G-0001": "G-7777"}  # fmt: skip
Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class System:
    """Knows nothing of ours but what the page says."""

    def __init__(self, web: Web, organisation: str, private: Private | None = None) -> None:
        self.organisation, self._private = organisation, private or ed25519.Ed25519PrivateKey.generate()
        self._fleet = web.fleet(organisation)
        self.contract = self._fleet.get("/openapi.json").json()

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return self._private.sign(message)
        r, s = utils.decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def example(self, method: str) -> dict[str, Any]:
        content = self.contract["paths"][f"/{method}"]["post"]["requestBody"]["content"]
        return {**content["application/json"]["example"], "request_id": ids.new_id()}

    def call(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = post(self._fleet, method, request).json()
        return answer

    def prepared(self, method: str, *requests: dict[str, Any]) -> dict[str, Any]:
        kid, written = hashlib.sha256(self.public).digest(), [json.dumps(each) for each in requests]
        return self.call(f"{KEYS}/PrepareStatements", {"method": method, "requests": written, "kid": text(kid)})

    def stated(self, method: str, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.prepared(method, *requests)
        assert "statements" in answer, answer
        return [
            {**request, "statement": text(binary(one["prefix"]) + self.sign(binary(one["to_be_signed"])))}
            for request, one in zip(requests, answer["statements"], strict=True)
        ]

    def act(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        return self.call(method, self.stated(method, request)[0])

    def register_key(self) -> dict[str, Any]:
        name = self.organisation.encode()
        possession = b"\x83\x75hazway key possession" + bytes([0x60 + len(name)]) + name
        possession += b"\x58" + bytes([len(self.public)]) + self.public
        alg = -8 if isinstance(self._private, ed25519.Ed25519PrivateKey) else -7
        request = {**self.example(f"{KEYS}/RegisterKey"), "organisation": self.organisation, "key": text(self.public),
                   "alg": alg, "possession": text(self.sign(possession)), "valid_from": "2026-11-01T00:00:00Z"}  # fmt: skip
        return self.call(f"{KEYS}/RegisterKey", request)


def binary(shown: str) -> bytes:
    return base64.b64decode(shown)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def reasons(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["reason"], fault.get("path", "")) for fault in answer["faults"] if fault["severity"] == "ERROR"]


@pytest.mark.parametrize("private", [None, ec.generate_private_key(ec.SECP256R1())], ids=["ed25519", "p256"])
def test_a_carrier_registers_itself_its_key_and_its_fleet(web: Web, private: Private | None) -> None:
    home = web.world.host.settings.home
    operators = load_pem_private_key((home / "keys" / "operator.pem").read_bytes(), None)
    assert isinstance(operators, ed25519.Ed25519PrivateKey)
    operator = System(web, OPERATOR, operators)
    joined = operator.example(f"{REGISTRY}/RegisterOrganisation")
    joined["organisation"] |= {"id": "fleet", "credit_code": "91430100MAD000078K"}
    assert "registered" in operator.act(f"{REGISTRY}/RegisterOrganisation", joined)
    fleet = System(web, "fleet", private)
    assert "registered" in fleet.register_key()
    for method in ("PutVehicle", "PutTank", "PutPerson"):
        request = json.dumps(fleet.example(f"{REGISTRY}/{method}"), ensure_ascii=False)
        for theirs, own in OWN.items():
            request = request.replace(f': "{theirs}"', f': "{own}"')
        answer = fleet.act(f"{REGISTRY}/{method}", json.loads(request))
        assert "registered" in answer, answer


def test_a_list_becomes_waybills_one_by_one_and_in_a_batch(web: Web) -> None:
    web.sign_for(CARRIER)
    web.sign_for(CONSIGNOR)
    consignor = System(web, CONSIGNOR, web.signers[CONSIGNOR].private_key)  # type: ignore[attr-defined]
    carrier = System(web, CARRIER, web.signers[CARRIER].private_key)  # type: ignore[attr-defined]
    sent = consignor.act(f"{LISTS}/CreateConsignmentList", consignor.example(f"{LISTS}/CreateConsignmentList"))
    assert "registered" in sent, sent
    taken = carrier.act(f"{LISTS}/AcceptConsignmentList", carrier.example(f"{LISTS}/AcceptConsignmentList"))
    assert "registered" in taken, taken
    issue = f"{WAYBILL}/IssueWaybill"
    request = carrier.example(issue)
    request["waybill"]["goods"][0] |= {"consignment_list_id": sent["consignment_list"]["id"], "consignment_line": 1}
    assert reasons(carrier.act(issue, request)) == [
        ("CONSIGNMENT_LIST_NOT_NAMED", "waybill.goods[0].consignment_list_id")
    ]
    request["waybill"]["consignment_list_ids"] = [sent["consignment_list"]["id"]]
    # What is prepared is what our own client would sign, and the text says what it is about.
    prepared = carrier.prepared(issue, request)["statements"][0]
    assert "签发危险货物运单" in prepared["text"]
    said = statement.parse_unverified(binary(prepared["prefix"]) + bytes(64))
    assert (said.kind, said.subject, said.text) == (prepared["kind"], prepared["subject"], prepared["text"])
    # Signed is this request and no other.
    signed = carrier.stated(issue, request)[0]
    other = json.loads(json.dumps(signed))
    other["waybill"]["goods"][0]["mass_g"] = "27000000"
    assert reasons(carrier.call(issue, other)) == [("STATEMENT_INVALID", "statement")]
    issued = carrier.call(issue, signed)
    assert issued["waybill"]["state"] == "STATE_ISSUED", issued
    assert carrier.call(issue, signed) == issued
    again = carrier.example(issue)
    again["waybill"] |= {"id": ids.new_id(), "external_refs": [{"system": "tms", "number": "A-18"}]}
    batch = {
        "request_id": ids.new_id(),
        "requests": carrier.stated(issue, request | {"request_id": ids.new_id()}, again),
    }
    results = carrier.call(f"{WAYBILL}/BatchIssueWaybills", batch)["results"]
    assert [finding["reason"] for finding in results[1]["findings"] if finding["severity"] == "SEVERITY_ERROR"]
    assert web.cast.world.host.engine.connect().exec_driver_sql("SELECT count(*) FROM waybill_waybills").scalar() == 1


def test_what_cannot_be_prepared_is_said_at_once(web: Web) -> None:
    carrier = System(web, CARRIER)
    depart, prepare = f"{WAYBILL}/DepartWaybill", f"{KEYS}/PrepareStatements"
    sound = json.dumps({"request_id": ids.new_id(), "waybill_id": "w"})
    spoilt = [
        sound,
        "{",
        '{"waybil_id": "w"}',
        '{"waybill_id": "w"}',
        json.dumps({"request_id": ids.new_id()}),
        "[]",
        "[" * 9999,
    ]
    answer = carrier.call(prepare, {"method": depart, "requests": spoilt})
    assert reasons(answer) == [("FIELD_INVALID", f"requests[{index}]") for index in range(1, 7)]
    assert "waybil_id" in answer["faults"][1]["en"]
    for asked, wanted in (
        ({"method": "", "requests": []}, [("FIELD_MISSING", "method"), ("FIELD_INVALID", "requests")]),
        ({"method": f"{WAYBILL}/GetWaybill", "requests": [sound]}, [("FIELD_INVALID", "method")]),
        ({"method": depart, "requests": [sound] * (MOST + 1)}, [("FIELD_INVALID", "requests")]),
        ({"method": depart, "requests": [sound], "kid": text(b"\x01" * 32)}, [("KEY_UNKNOWN", "kid")]),
        # Another organisation's key signs nothing here.
        ({"method": depart, "requests": [sound], "kid": text(keeper_of(web.world.host.settings).operator.kid)}, [("KEY_UNKNOWN", "kid")]),
    ):  # fmt: skip
        assert reasons(carrier.call(prepare, asked)) == wanted
    assert len(carrier.call(prepare, {"method": depart, "requests": [sound] * MOST})["statements"]) == MOST
