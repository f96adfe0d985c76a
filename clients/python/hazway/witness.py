"""A witness (C2SP tlog-witness): cosigns a log's checkpoint only when it extends the last one it cosigned.

Pure: ``add_checkpoint`` judges one request against the last checkpoint cosigned for its origin and gives the answer and
the state to keep. Whoever serves it loads that state, calls, stores the new state and only then answers, all under one
lock for the origin; else two requests could roll the witness back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hazway import checkpoint, note, proof
from hazway.errors import VerificationError, require

MAX_PROOF_LINES = 63
SIZE_CONTENT_TYPE = "text/x.tlog.size"
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_STEP = "witness"


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The last checkpoint cosigned for an origin; ``text`` is the note as monitors are shown it, with our cosignature."""

    size: int
    root: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer (HTTP), and the state to store first; None where nothing changes."""

    status: int
    body: str
    new_state: Cosigned | None = None
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request as read; nothing in it is verified."""

    old_size: int
    proof: tuple[bytes, ...]
    text: str
    checkpoint: checkpoint.Checkpoint


class Witness:
    """Cosigns for the logs it knows, by origin, each with the keys it may sign with."""

    def __init__(self, signer: note.Signer, logs: Mapping[str, Iterable[str | note.Verifier]]) -> None:
        require(signer.verifier.type == note.COSIGNATURE, _STEP, "not a witness key", "不是见证密钥")
        self._signer = signer
        self._logs = {origin: tuple(keys) for origin, keys in logs.items()}

    def cosign(self, body: str, at: int) -> str:
        """The signature line for a checkpoint's text; the caller has made sure that it extends the last."""
        return self._signer.line(body, at)

    def add_checkpoint(self, request_text: str | bytes, known_state: Cosigned | None, at: int) -> Answer:
        """Judge a request at the time ``at`` (seconds) against what was last cosigned for its origin, if anything.

        1. the request can be read (400)
        2. its origin is known (404)
        3. a trusted key of that log has signed it, and none wrongly (403)
        4. the old size is not above the checkpoint's (400)
        5. the old size is that last cosigned (409, answering it)
        6. an empty tree has the empty root; nothing is proven from 0; the proof holds; equal sizes have equal roots (422)
        7. then it is cosigned (200)
        """
        # 1 the request can be read
        try:
            request = parse_request(request_text)
        except VerificationError as error:
            return _answer(400, error.problem)
        head = request.checkpoint
        # 2 its origin is known
        if head.origin not in self._logs:
            return _answer(404, "unknown log")
        # 3 a trusted key of that log has signed it, and none wrongly
        try:
            note.read(request.text, self._logs[head.origin])
        except VerificationError as error:
            return _answer(403, error.problem)
        # 4 the old size is not above the checkpoint's
        if request.old_size > head.size:
            return _answer(400, "the old size is above the checkpoint's")
        # 5 the old size is that last cosigned
        last_size = 0 if known_state is None else known_state.size
        if request.old_size != last_size:
            return Answer(409, f"{last_size}\n", content_type=SIZE_CONTENT_TYPE)
        # 6 the tree grew from what was cosigned
        try:
            _check_growth(request, known_state)
        except VerificationError as error:
            return _answer(422, error.problem)
        # 7 then it is cosigned
        line = self.cosign(head.body(), at)
        return Answer(200, line, Cosigned(head.size, head.root, f"{request.text}{line}"))


def origin_of(request_text: str | bytes) -> str:
    """The origin a request is about, by which its state is found and locked. Raises where it cannot be read."""
    return parse_request(request_text).checkpoint.origin


def parse_request(request_text: str | bytes) -> Request:
    """The parts of an add-checkpoint request, strictly read."""
    try:
        text = request_text.decode() if isinstance(request_text, bytes) else request_text
    except UnicodeDecodeError:
        raise VerificationError(_STEP, "not UTF-8", "不是 UTF-8") from None
    require(len(text) <= note.MAX_CHARACTERS, _STEP, "the request is too long", "请求过长")
    head, found, signed = text.partition("\n\n")
    lines = head.split("\n")
    old = _OLD.fullmatch(lines[0])
    if old is None or not found:
        raise VerificationError(_STEP, "no old size line", "缺少 old 行")
    require(len(lines) - 1 <= MAX_PROOF_LINES, _STEP, "too many proof lines", "证明行过多")
    hashes = tuple(note.from_base64(line, _STEP) for line in lines[1:])
    body, _ = note.split(signed)
    return Request(int(old[1]), hashes, signed, checkpoint.parse(body))


def encode_request(old_size: int, proof: Iterable[bytes], checkpoint_text: str) -> str:
    """The body that a log posts to a witness."""
    lines = [f"old {old_size}", *(note.to_base64(one) for one in proof)]
    return "\n".join(lines) + "\n\n" + checkpoint_text


def read_answer(body: str, checkpoint_text: str, witness_keys: Iterable[str | note.Verifier]) -> str:
    """The lines of a witness's answer that are verified cosignatures of these keys on our checkpoint; others are dropped."""
    checkpoint_body, _ = note.split(checkpoint_text)
    keys = list(witness_keys)
    note.read(f"{checkpoint_body}\n{body}", keys)
    named = {(one.name, one.key_id) for one in map(_verifier, keys)}
    lines = [f"{line}\n" for line in body.split("\n")[:-1]]
    _, signatures = note.split(f"{checkpoint_body}\n{body}")
    return "".join(line for line, found in zip(lines, signatures, strict=True) if found[:2] in named)


def _verifier(key: str | note.Verifier) -> note.Verifier:
    return key if isinstance(key, note.Verifier) else note.parse_verifier(key)


def _check_growth(request: Request, known: Cosigned | None) -> None:
    head = request.checkpoint
    if head.size == 0:
        require(head.root == proof.EMPTY_ROOT, _STEP, "an empty tree with another root", "空树的根不正确")
    if known is None or known.size == 0:
        require(not request.proof, _STEP, "a proof from nothing", "从零开始不应有证明")
        return
    proof.verify_consistency(known.size, head.size, request.proof, known.root, head.root)


def _answer(status: int, problem: str) -> Answer:
    return Answer(status, f"{problem}\n")
