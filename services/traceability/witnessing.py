"""Asking the appointed witnesses to cosign the log (C2SP tlog-witness, the log's side); receipts never wait for them.

Which witnesses, where, and how many make a quorum is in the policy file that ``HAZWAY_WITNESS_POLICY`` names.
"""

from __future__ import annotations

import logging
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine

from hazway import checkpoint, note, proof, witness
from hazway.errors import VerificationError
from hazway.policy import Policy, parse
from services.runtime.settings import Settings
from services.traceability import log_store
from services.traceability.keeper import Keeper
from services.traceability.log_store import Head, Witnessed
from services.traceability.tree import Tree

_log = logging.getLogger("hazway.traceability")
_TIMEOUT_S = 5.0
_MOST_ANSWER_BYTES = 64 * 1024
# A log that stands still is cosigned again, so that a reader can tell "nothing new" from "nobody looks any more".
_AGAIN_AFTER = timedelta(minutes=4)


def policy_of(settings: Settings) -> Policy | None:
    """The policy, read once a process. Raises ``VerificationError`` naming the line that is wrong."""
    return _policy(Path(settings.witness_policy)) if settings.witness_policy else None


@lru_cache(maxsize=64)
def _policy(path: Path) -> Policy:
    return parse(path.read_text(encoding="utf-8"))


class Witnesses:
    """Remembers, of each witness, the size it last cosigned; a witness that knows better says so (409)."""

    def __init__(self, engine: Engine, keeper: Keeper, policy: Policy) -> None:
        self._engine, self._keeper, self._policy = engine, keeper, policy
        self._sizes: dict[str, int] = {}
        self._asked = [one for one in policy.witnesses.values() if str(one) in policy.urls]
        self._pool = ThreadPoolExecutor(max(1, len(self._asked)), thread_name_prefix="witness")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def round(self, at: datetime) -> bool:
        """Have the newest checkpoint cosigned unless it has been lately; whether a new quorum was reached.

        The cosigned checkpoint is kept as the newest witnessed one, and takes the place of the head's where that has
        not moved on.
        """
        with self._engine.begin() as connection:
            head = log_store.find_head(connection)
            known = log_store.find_witnessed(connection)
        if head is None or head.size == 0 or head.frozen is not None:
            return False
        if known is not None and known.size >= head.size and known.at <= at < known.at + _AGAIN_AFTER:
            return False
        lines = [line for line in self._pool.map(lambda one: self._ask(one, head), self._asked) if line]
        text = _cosigned(head.checkpoint, lines, self._policy)
        opened = checkpoint.open(text, [self._keeper.note_signer.verifier], self._policy.witnesses.values())
        if not self._policy.is_met(one.verifier for one in opened.cosignatures):
            _log.warning("too few witnesses have cosigned", extra={"size": head.size, "cosignatures": len(lines)})
            return False
        with self._engine.begin() as connection:
            log_store.keep_witnessed(connection, Witnessed(head.size, text, at))
            log_store.replace_checkpoint(connection, head.size, head.checkpoint, text)
        return True

    def _ask(self, one: note.Verifier, head: Head) -> str:
        """The witness's verified signature line on the head's checkpoint; empty when it gave none."""
        url = self._policy.urls[str(one)].rstrip("/") + "/add-checkpoint"
        try:
            for _ in range(2):
                old = min(self._sizes.get(str(one), 0), head.size)
                status, body = _post(url, witness.encode_request(old, self._path(old, head), head.checkpoint))
                if status == 200:
                    line = witness.read_answer(body, head.checkpoint, [one])
                    self._sizes[str(one)] = head.size
                    return line
                if status != 409 or not body.strip().isdecimal():
                    break
                self._sizes[str(one)] = int(body)
                if int(body) > head.size:
                    _log.critical("a witness has seen more than there is", extra={"witness": one.name, "size": body})
                    return ""
            _log.warning("a witness refused", extra={"witness": one.name, "status": status, "problem": body[:200]})
        except (OSError, VerificationError, ValueError) as error:
            _log.warning("a witness did not answer", extra={"witness": one.name, "problem": str(error)})
        return ""

    def _path(self, old: int, head: Head) -> list[bytes]:
        if old in (0, head.size):
            return []
        with self._engine.connect() as connection:
            return proof.consistency_proof(old, head.size, _tree(connection, head).hash_of)


def _tree(connection: Connection, head: Head) -> Tree:
    return Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))


def _cosigned(text: str, lines: list[str], policy: Policy) -> str:
    """The checkpoint with these cosignatures in place of the older ones of the same witnesses."""
    body, _ = note.split(text)
    ours = {(one.name, one.key_id) for one in policy.witnesses.values()}
    kept = [line for line in text[len(body) + 1 :].splitlines(keepends=True) if _named(body, line) not in ours]
    return f"{body}\n{''.join(kept)}{''.join(lines)}"


def _named(body: str, line: str) -> tuple[str, bytes]:
    _, [(name, key_id, _)] = note.split(f"{body}\n{line}")
    return name, key_id


def _post(url: str, body: str) -> tuple[int, str]:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url} is not an http or https address")
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "text/plain; charset=utf-8"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # the scheme is checked
            return answer.status, answer.read(_MOST_ANSWER_BYTES).decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_MOST_ANSWER_BYTES).decode()
