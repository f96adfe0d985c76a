"""A proof that an entry is in a log, as one text file that needs nothing else (C2SP tlog-proof)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hazway import checkpoint, note, proof
from hazway.errors import VerificationError, require
from hazway.policy import Policy

_FIRST = "c2sp.org/tlog-proof@v1"
_STEP = "tlog-proof"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_PATH = 64


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The parts of the file; ``extra`` is not covered by any signature."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None


@dataclass(frozen=True, slots=True)
class Proven:
    """The entry is number ``index`` of the log as of this checkpoint."""

    index: int
    checkpoint: checkpoint.Checkpoint
    cosignatures: tuple[note.Signature, ...]


def encode(index: int, path: Sequence[bytes], checkpoint: str, extra: bytes | None = None) -> str:
    """The text of the file, around a signed checkpoint."""
    lines = [_FIRST]
    if extra is not None:
        lines.append(f"extra {note.to_base64(extra)}")
    lines.append(f"index {index}")
    lines += [note.to_base64(one) for one in path]
    text = "\n".join(lines) + "\n\n" + checkpoint
    require(parse(text).checkpoint == checkpoint, _STEP, "cannot be written as a proof", "无法写成证明")
    return text


def parse(text: str) -> TlogProof:
    """The parts, strictly read; proves nothing by itself."""
    if not isinstance(text, str) or len(text) > note.MAX_CHARACTERS:
        raise VerificationError(_STEP, "not text, or too long", "不是文本或过长")
    head, found, signed = text.partition("\n\n")
    lines = head.split("\n")
    require(found != "" and lines.pop(0) == _FIRST, _STEP, "not a tlog-proof", "不是 tlog-proof")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = note.from_base64(lines.pop(0).removeprefix("extra "), _STEP)
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None:
        raise VerificationError(_STEP, "no index", "缺少序号")
    require(len(lines) <= _MAX_PATH, _STEP, "too many hashes", "散列值过多")
    return TlogProof(int(index[1]), tuple(note.from_base64(line, _STEP) for line in lines), signed, extra)


def verify(text: str, digest: bytes, log_keys: Iterable[str | note.Verifier], policy: Policy | None = None) -> Proven:
    """The entry ``digest`` is in the log that one of these keys signs, and the policy's quorum has cosigned that."""
    parts = parse(text)
    witnesses = () if policy is None else policy.witnesses.values()
    opened = checkpoint.open(parts.checkpoint, log_keys, witnesses)
    head = opened.checkpoint
    leaf = proof.leaf_hash(digest)
    proof.verify_inclusion(leaf, parts.index, head.size, parts.path, head.root)
    if policy is not None:
        met = policy.is_met(one.verifier for one in opened.cosignatures)
        require(met, _STEP, "too few witnesses", "见证方数量不足")
    return Proven(parts.index, head, opened.cosignatures)
