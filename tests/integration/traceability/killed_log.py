"""A program that plays a log being killed: one child a seed, SIGKILL at a random storage step, then everything is checked.

``python -m tests.integration.traceability.killed_log DATABASE_URL HOME FIRST COUNT`` prints one JSON line a seed, and
exits 1 at the first seed after which the log is not what it must be. It forks, so it has no threads of its own.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path

from sqlalchemy import text

from hazway import audit, note, receipt
from hazway.tiles import Reader
from services import traceability
from services.runtime.host import Host
from services.traceability import log_store
from tests.integration.traceability.log_steps import keeping, let_in, open_log, registration, say, told_of_steps

MOST_STEPS = 260
SUBJECTS = 5


def live_until_killed(url: str, home: Path, seed: int) -> None:
    """State, sequence, publish and note what was acknowledged, until the step that the seed says."""
    chance = random.Random(seed)
    kill_at, steps = chance.randint(1, MOST_STEPS), 0

    def count(_step: str, _done: bool) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    host = open_log(url, home)
    let_in(host.engine)
    log = keeping(host, f"seed-{seed}")
    with told_of_steps(host.engine, count):
        for turn in range(8):
            many = chance.choice([1, 2, 7, 30, 30, 130])
            digests = say(host, f"thing/{chance.randrange(SUBJECTS)}", f"{seed}-{turn}", many)
            _note(home / "stated", digests)
            while log.round():
                pass
            with host.engine.connect() as connection:
                rows = [registration(connection, digest) for digest in digests]
            _note(home / "acknowledged", [row.digest + row.leaf_index.to_bytes(8, "big") + row.receipt for row in rows])


def check(host: Host, seed: int) -> int:
    """Bring the log up again and hold it to everything it promised; its size."""
    let_in(host.engine)
    keeper = traceability.keeper_of(host.settings)
    log_keys, reader = [keeper.note_signer.verifier], audit.directory_reader(host.settings.home / "public" / "log")
    if (host.settings.home / "public" / "log" / "checkpoint").exists():
        _watch(host, reader, log_keys)  # as a reader finds it right after the kill
    log = keeping(host, f"after-{seed}")
    while log.round():
        pass
    _watch(host, reader, log_keys)
    report = audit.audit(reader, log_keys)
    with host.engine.connect() as connection:
        head = log_store.find_head(connection)
        assert head is not None
        assert head.frozen is None
        assert head.size == report.checkpoint.size
        entries = log_store.entries(connection, 0, head.size)
        order = connection.execute(
            text("SELECT subject, seq FROM traceability_registrations ORDER BY leaf_index NULLS LAST")
        ).all()
    assert len(set(entries)) == len(entries) == head.size == len(order)
    last: dict[str, int] = {}
    for subject, seq in order:
        assert seq == last.get(subject, 0) + 1
        last[subject] = seq
    assert set(_noted(host.settings.home / "stated")) <= set(entries)
    for noted in _noted(host.settings.home / "acknowledged"):
        digest, index, given = noted[:32], int.from_bytes(noted[32:40], "big"), noted[40:]
        assert entries[index] == digest
        with host.engine.connect() as connection:
            assert registration(connection, digest).receipt == given
        receipt.verify(given, digest, keeper.log.spki, keeper.origin)
    (host.settings.home / "acknowledged").unlink(missing_ok=True)
    return head.size


def _watch(host: Host, reader: Reader, log_keys: list[note.Verifier]) -> None:
    state = host.settings.home / "watched"
    known = state.read_text("utf-8") if state.exists() else None
    audit.watch(reader, log_keys, known, lambda _index, _entry: None, lambda seen: _keep(state, seen))


def _keep(state: Path, seen: str) -> None:
    state.write_text(seen, encoding="utf-8")


def _note(file: Path, items: list[bytes]) -> None:
    with file.open("ab") as opened:
        opened.write(b"".join(len(item).to_bytes(4, "big") + item for item in items))


def _noted(file: Path) -> list[bytes]:
    data, items = file.read_bytes() if file.exists() else b"", []
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        if len(data) < end:
            break  # the writer was killed: this was not acknowledged
        items.append(data[4:end])
        data = data[end:]
    return items


def _tell(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(url: str, home: str, first: int, count: int) -> int:
    host = open_log(url, Path(home))
    for seed in range(first, first + count):
        child = os.fork()
        if child == 0:
            try:
                live_until_killed(url, Path(home), seed)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        try:
            assert killed or os.WEXITSTATUS(status) == 0
            _tell(seed=seed, killed=killed, size=check(host, seed))
        except Exception:
            _tell(seed=seed, killed=killed, failed=traceback.format_exc())
            return 1
    host.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
