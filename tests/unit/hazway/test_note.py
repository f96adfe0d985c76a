"""Signed notes, their keys as text, and checkpoints; the vectors in tests/vectors/note hold the malformed ones."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazway import checkpoint, keys, note, proof
from hazway.checkpoint import Checkpoint
from hazway.errors import VerificationError
from tests.simulated_log import fixed_key

BODY = "log.example/a\n7\n" + note.to_base64(b"\x07" * 32) + "\n"
LOG = note.Signer("log.example/a", fixed_key("log"))
WITNESS = note.Signer("witness.example/w", fixed_key("w"), note.COSIGNATURE)


def test_a_note_opens_to_its_body_and_who_signed() -> None:
    private, public = note.generate("example.com/log")
    assert note.open(note.sign("hello\n", private), [public]) == ("hello\n", ("example.com/log",))
    assert note.open(note.sign("hello\n", private).encode(), [note.parse_verifier(public)])[0] == "hello\n"


def test_a_key_survives_its_text() -> None:
    private, public = note.generate("example.com/log", note.COSIGNATURE)
    assert str(note.parse_signer(private).verifier) == public
    assert note.private_key(note.parse_signer(private)) == private
    assert str(note.parse_verifier(public)) == public


def test_the_key_id_is_that_of_the_specification() -> None:
    public = fixed_key("log").spki[-32:]
    expected = hashlib.sha256(b"log.example/a" + b"\x0a" + b"\x01" + public).digest()[:4]
    assert LOG.verifier.key_id == expected
    assert str(LOG.verifier) == f"log.example/a+{expected.hex()}+{base64.b64encode(bytes([1]) + public).decode()}"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_text_can_be_signed(text: str) -> None:
    assert note.open(note.sign(f"{text}\n", LOG), [LOG.verifier])[0] == f"{text}\n"


@pytest.mark.parametrize("body", ["", "no newline", "tab\there\n", "return\r\n", "\x00\n", "\ud800\n", 7, None])
def test_what_is_no_text_cannot_be_signed(body: Any) -> None:
    with pytest.raises(VerificationError):
        note.sign(body, LOG)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\x01"])
def test_a_key_name_has_no_spaces_and_no_plus(name: str) -> None:
    with pytest.raises(VerificationError):
        note.Signer(name, fixed_key("x"))


def test_a_log_needs_an_ed25519_key() -> None:
    with pytest.raises(VerificationError):
        note.Signer("a", keys.generate(keys.ES256))


def test_a_cosignature_needs_its_time_and_keeps_it() -> None:
    with pytest.raises(VerificationError):
        WITNESS.line(BODY)
    text = f"{BODY}\n{WITNESS.line(BODY, 1_772_352_000)}"
    (signature,) = note.read(text, [WITNESS.verifier]).signatures
    assert signature.at == 1_772_352_000


def test_two_keys_of_one_name_and_id_are_refused() -> None:
    class Collision(note.Verifier):
        @property
        def key_id(self) -> bytes:
            return LOG.verifier.key_id

    other = Collision(LOG.verifier.name, note.ED25519, fixed_key("other").spki[-32:])
    with pytest.raises(VerificationError):
        note.open(note.sign(BODY, LOG), [LOG.verifier, other])


@pytest.mark.parametrize("junk", [None, 7, [], b"\xff\n\n\xff", "\ud800\n\n— a AAAAAAAA\n"])
def test_what_is_no_text_does_not_open(junk: Any) -> None:
    with pytest.raises(VerificationError):
        note.open(junk, [LOG.verifier])


@pytest.mark.parametrize("known", [[None], ["junk"], [""], "log", [str(LOG.verifier)[:-1]], [7]])
def test_what_is_no_key_opens_nothing(known: Any) -> None:
    with pytest.raises(VerificationError):
        note.open(note.sign(BODY, LOG), known)


def test_grease_is_ignored() -> None:
    text = note.sign(BODY, LOG) + note.grease()
    assert note.open(text, [LOG.verifier]) == (BODY, ("log.example/a",))


def test_a_checkpoint_comes_back() -> None:
    head = Checkpoint("log.example/a", 7, b"\x07" * 32)
    assert head.body() == BODY
    opened = checkpoint.open(note.sign(BODY, LOG), [str(LOG.verifier)])
    assert opened.checkpoint == head
    assert opened.cosignatures == ()


def test_extension_lines_are_kept() -> None:
    assert checkpoint.parse(BODY + "more\n").extensions == ("more",)


@pytest.mark.parametrize(
    "body",
    ["", "\n", "a\n7\n", BODY[:-1], BODY + "\n", BODY.replace("7\n", "07\n", 1), BODY.replace("\n7\n", "\n-7\n"),
     BODY.replace("\n7\n", "\n+7\n"), BODY.replace("\n7\n", "\n7 \n"), BODY.replace("\n7\n", "\n٧\n"),
     BODY.replace("\n7\n", f"\n{1 << 63}\n"), BODY.replace("\n7\n", "\n" + "9" * 5000 + "\n"), "\n" + BODY[14:],
     BODY.replace("=", ""), "a\n7\nAAAA\n"],
)  # fmt: skip
def test_a_malformed_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(VerificationError):
        checkpoint.parse(body)


def test_only_the_log_of_the_origin_signs_its_checkpoint() -> None:
    other = note.Signer("log.example/b", fixed_key("log"))
    with pytest.raises(VerificationError):
        checkpoint.open(note.sign(BODY, other), [other.verifier])
    cosigned = f"{BODY}\n{WITNESS.line(BODY, 5)}"
    with pytest.raises(VerificationError):
        checkpoint.open(cosigned, [LOG.verifier], [WITNESS.verifier])


def test_an_empty_log_has_the_empty_root() -> None:
    good = Checkpoint("log.example/a", 0, proof.EMPTY_ROOT).body()
    assert checkpoint.open(note.sign(good, LOG), [LOG.verifier]).checkpoint.size == 0
    bad = Checkpoint("log.example/a", 0, b"\x07" * 32).body()
    with pytest.raises(VerificationError):
        checkpoint.open(note.sign(bad, LOG), [LOG.verifier])
