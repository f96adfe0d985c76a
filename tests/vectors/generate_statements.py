"""Writes ``statement/``: requests as JSON, and every step to the statement that makes them, for programs in other languages.

Run as ``python -m tests.vectors.generate_statements``. Keys, salts and times are fixed. Existing files are left as they are:
what was once signed so can be signed so for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from google.protobuf import json_format
from google.protobuf.message import Message

from hazway import body, cbor, cose, keys, statement, wording
from hazway.acts import ACTS
from hazway.registry.v1 import registry_pb2 as registry
from hazway.traceability.v1 import traceability_pb2 as traceability
from hazway.waybill.v1 import handover_pb2 as handover
from hazway.waybill.v1 import waybill_pb2 as waybill
from services.console.examples import example_of
from tests.simulated_log import fixed_es256_key, fixed_key

FOLDER = Path(__file__).parent / "statement"
AT = datetime(2026, 11, 2, 0, 0, 7, tzinfo=UTC)
SALT = bytes(range(16))
REQUESTS: dict[str, type[Message]] = {
    "RegistryService/PutVehicle": registry.PutVehicleRequest,
    "RegistryService/PutPerson": registry.PutPersonRequest,  # its identity number is not stated
    "WaybillService/IssueWaybill": waybill.IssueWaybillRequest,
    "WaybillService/DepartWaybill": waybill.DepartWaybillRequest,
    "HandoverService/CountersignHandover": handover.CountersignHandoverRequest,  # bytes within the body
    "TraceabilityService/RevokeKey": traceability.RevokeKeyRequest,  # a time within the body
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, vector in vectors():
        target = FOLDER / f"{name}.json"
        if not target.exists():
            target.write_text(json.dumps(vector, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def vectors() -> Iterator[tuple[str, dict[str, Any]]]:
    for method, request_class in REQUESTS.items():
        path = next(path for path in ACTS if path.endswith(method))
        request = request_class()
        json_format.ParseDict(example_of(request_class.DESCRIPTOR), request)
        request.ClearField("statement")
        signers: list[keys.MemorySigner] = [fixed_key("carrier")]
        if method.endswith("DepartWaybill"):
            signers.append(fixed_es256_key("carrier"))
        for signer in signers:
            kind = "ed25519" if signer.alg == keys.ED25519 else "es256"
            yield f"{method.rpartition('/')[2]}-{kind}", vector(path, request, signer)


def vector(path: str, request: Message, signer: keys.MemorySigner) -> dict[str, Any]:
    act, stated, named = (
        ACTS[path],
        body.body_of(request),
        json_format.MessageToDict(request, preserving_proto_field_name=True),
    )
    text = wording.render(act.kind, stated)
    draft = statement.draft(
        signer.alg, signer.kid, issuer="carrier", subject=act.subject(request), kind=act.kind, request_id=named["request_id"],
        body=stated, issued_at=AT, salt=SALT,
    )  # fmt: skip
    signature = signer.sign(draft.to_be_signed)
    parts = cose.parse(draft.signed(signature))
    private = signer.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = {"public_key": signer.spki, "private_key": private, "kid": signer.kid, "salt": SALT, "body": cbor.dumps(stated),
             "protected": parts.protected_bytes, "payload": parts.payload or b"", "to_be_signed": draft.to_be_signed,
             "signature": signature, "statement": draft.signed(signature)}  # fmt: skip
    return {
        "method": path, "request": named, "issuer": "carrier", "kind": act.kind, "subject": act.subject(request),
        "issued_at": AT.isoformat(), "alg": signer.alg, "text": text, **{name: each.hex() for name, each in shown.items()},
    }  # fmt: skip


if __name__ == "__main__":
    main()
