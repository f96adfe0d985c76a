"""A checkpoint (C2SP tlog-checkpoint): the head of a log's tree as the text of a signed note."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hazway import note, proof
from hazway.errors import require

_STEP = "checkpoint"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``extensions`` are further lines that some logs add; ours has none."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def body(self) -> str:
        """The text of the note to be signed."""
        lines = (self.origin, str(self.size), note.to_base64(self.root), *self.extensions)
        body = "".join(f"{line}\n" for line in lines)
        require(parse(body) == self, _STEP, "cannot be written as a checkpoint", "无法写成检查点")
        return body


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified checkpoint with the verified signatures of witnesses on it."""

    checkpoint: Checkpoint
    cosignatures: tuple[note.Signature, ...]


def parse(body: str) -> Checkpoint:
    """The checkpoint in a note's text; proves nothing by itself."""
    lines = body.split("\n")
    enough = len(lines) >= 4 and lines[-1] == "" and all(lines[:-1])
    require(enough, _STEP, "not three lines and no empty one", "不是三行或含空行")
    origin, size, root = lines[:3]
    number = int(size) if _SIZE.fullmatch(size) else -1
    require(0 <= number < proof.MAX_SIZE, _STEP, "the size is malformed", "大小格式错误")
    root_bytes = note.from_base64(root, _STEP)
    require(len(root_bytes) == proof.HASH_BYTES, _STEP, "the root is not 32 bytes", "根不是 32 字节")
    return Checkpoint(origin, number, root_bytes, tuple(lines[3:-1]))


def open(
    text: str | bytes, log_keys: Iterable[str | note.Verifier], witness_keys: Iterable[str | note.Verifier] = ()
) -> Opened:
    """The checkpoint signed by one of the log's keys, whose name is its origin, with the cosignatures of known witnesses."""
    logs = [key if isinstance(key, note.Verifier) else note.parse_verifier(key) for key in log_keys]
    read = note.read(text, [*logs, *witness_keys])
    checkpoint = parse(read.body)
    by_log = any(one.verifier in logs and one.verifier.name == checkpoint.origin for one in read.signatures)
    require(by_log, _STEP, "not signed by this log", "不是该日志签名")
    empty = checkpoint.size > 0 or checkpoint.root == proof.EMPTY_ROOT
    require(empty, _STEP, "an empty log with a root that is not", "空日志的根不正确")
    cosignatures = tuple(one for one in read.signatures if one.verifier.type == note.COSIGNATURE)
    return Opened(checkpoint, cosignatures)
