"""Every stored vector of the parts gives the answer written in it, and each of its prefixes fails cleanly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hazway import cbor, note, proof, receipt
from hazway.errors import VerificationError

VECTORS = Path(__file__).parents[2] / "vectors"


def load(path: Path) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("0x"):
            return bytes.fromhex(value[2:])
        return [plain(one) for one in value] if isinstance(value, list) else value

    return {name: plain(value) for name, value in json.loads(path.read_text()).items()}


def check_inclusion(fields: dict[str, Any]) -> None:
    proof.verify_inclusion(**fields)


def check_consistency(fields: dict[str, Any]) -> None:
    proof.verify_consistency(**fields)


def check_note(fields: dict[str, Any]) -> None:
    note.open(fields["text"], fields["keys"])


def check_receipt(fields: dict[str, Any]) -> None:
    receipt.verify(fields["receipt"], fields["digest"], fields["spki"], fields["origin"])


def check_cbor(fields: dict[str, Any]) -> None:
    cbor.loads(bytes.fromhex(fields["hex"]))


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "inclusion": check_inclusion,
    "consistency": check_consistency,
    "note": check_note,
    "receipt": check_receipt,
    "cbor": check_cbor,
}
FILES = [path for folder in CHECKS for path in sorted((VECTORS / folder).glob("*.json"))]


def test_there_are_vectors() -> None:
    assert len(FILES) > 300


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_vector(path: Path) -> None:
    fields = load(path)
    valid = fields.pop("valid")
    check = CHECKS[path.parent.name]
    if valid:
        check(fields)
    else:
        with pytest.raises(VerificationError) as refused:
            check(fields)
        assert refused.value.step
        assert refused.value.problem_zh


def test_every_prefix_of_a_note_is_refused() -> None:
    fields = load(VECTORS / "note" / "happy.json")
    for length in range(len(fields["text"])):
        with pytest.raises(VerificationError):
            note.open(fields["text"][:length], fields["keys"])


def test_every_prefix_of_a_receipt_is_refused() -> None:
    fields = load(VECTORS / "receipt" / "happy.json")
    for length in range(len(fields["receipt"])):
        with pytest.raises(VerificationError):
            check_receipt(fields | {"receipt": fields["receipt"][:length]})


def test_every_bit_of_a_receipt_matters() -> None:
    fields = load(VECTORS / "receipt" / "happy.json")
    data = fields["receipt"]
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationError):
            check_receipt(fields | {"receipt": bytes(flipped)})
