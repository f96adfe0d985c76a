"""The witness as a program, asked over real HTTP: every status of the protocol, and attempts to roll it back."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hazway import checkpoint, note, proof, witness
from hazway.errors import VerificationError
from hazway.witness import Cosigned
from hazway.witness_server import Store, WitnessServer, name_of
from tests.simulated_log import START, SimulatedLog, fixed_key, hash_source

SIGNER = note.Signer("witness.example/police", fixed_key("police"), note.COSIGNATURE)


@contextmanager
def serving(log: SimulatedLog, folder: Path, store: Store | None = None) -> Iterator[str]:
    server = WitnessServer(SIGNER, [log.vkey], store or Store(folder, SIGNER.verifier), now=lambda: 1_772_350_000)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.close()
        thread.join()


def fetch(url: str, path: str, body: bytes | None = None) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET" if body is None else "POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    finally:
        connection.close()


def ask(url: str, body: str | bytes) -> tuple[int, str, str]:
    return fetch(url, "/add-checkpoint", body.encode() if isinstance(body, str) else body)


def grown(log: SimulatedLog, size: int) -> SimulatedLog:
    while len(log.entries) < size:
        log.entries.append(len(log.entries).to_bytes(32, "big"))
    return log


def asking(log: SimulatedLog, old: int, size: int, at: datetime = START) -> str:
    path = proof.consistency_proof(old, size, hash_source(log.entries)) if 0 < old < size else []
    return witness.encode_request(old, path, log.checkpoint(at=at, size=size))


@pytest.fixture
def log() -> SimulatedLog:
    return grown(SimulatedLog(), 40)


def test_a_growing_log_is_cosigned_step_by_step_and_monitors_see_the_last(log: SimulatedLog, tmp_path: Path) -> None:
    with serving(log, tmp_path) as url:
        for old, new in ((0, 3), (3, 4), (4, 32), (32, 32), (32, 33)):
            status, line, _ = ask(url, asking(log, old, new))
            assert status == 200
            text = log.checkpoint(at=START, size=new) + line
            assert len(checkpoint.open(text, [log.vkey], [SIGNER.verifier]).cosignatures) == 1
        _, shown, _ = fetch(url, f"/{name_of(log.origin)}/checkpoint")
    seen = checkpoint.open(shown, [log.vkey], [SIGNER.verifier])
    assert seen.checkpoint.size == 33
    assert len(seen.cosignatures) == 1


def test_each_fault_has_its_own_status(log: SimulatedLog, tmp_path: Path) -> None:
    stranger = grown(SimulatedLog("other.example/log", key="other"), 5)
    impostor = grown(SimulatedLog(key="impostor"), 20)
    forked = grown(SimulatedLog(), 9)
    forked.entries = [b"\xff" * 32, *forked.entries[1:]]
    grown(forked, 20)
    with serving(log, tmp_path) as url:
        assert ask(url, "old 0")[0] == 400
        assert ask(url, b"old 0\n\n\xff\xfe")[0] == 400
        assert ask(url, asking(log, 7, 5))[0] == 400
        assert ask(url, asking(stranger, 0, 5))[0] == 404
        assert ask(url, asking(impostor, 0, 5))[0] == 403
        assert ask(url, witness.encode_request(0, [b"\x00" * 32], log.checkpoint(at=START, size=5)))[0] == 422
        assert ask(url, asking(log, 0, 9))[0] == 200
        assert ask(url, asking(log, 3, 20)) == (409, "9\n", "text/x.tlog.size")
        assert ask(url, asking(forked, 9, 20))[0] == 422
        assert ask(url, asking(forked, 9, 9))[0] == 422
        assert fetch(url, f"/{name_of('nobody')}/checkpoint")[0] == 404
        assert fetch(url, f"/../{name_of(log.origin)}.lock")[0] == 404
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name_of(log.origin)}.checkpoint", f"{name_of(log.origin)}.lock"
    ]  # fmt: skip


def test_a_witness_started_again_remembers_what_it_cosigned(log: SimulatedLog, tmp_path: Path) -> None:
    with serving(log, tmp_path) as url:
        assert ask(url, asking(log, 0, 9))[0] == 200
    with serving(log, tmp_path) as url:
        assert ask(url, asking(log, 0, 5))[:2] == (409, "9\n")
        assert ask(url, asking(log, 9, 12))[0] == 200


def test_a_witness_whose_state_was_tampered_with_does_not_start(log: SimulatedLog, tmp_path: Path) -> None:
    with serving(log, tmp_path) as url:
        assert ask(url, asking(log, 0, 9))[0] == 200
    kept = tmp_path / f"{name_of(log.origin)}.checkpoint"
    kept.write_text(kept.read_text("utf-8").replace("\n9\n", "\n4\n"), encoding="utf-8")
    with pytest.raises(VerificationError):
        WitnessServer(SIGNER, [log.vkey], Store(tmp_path, SIGNER.verifier))


class SlowStore(Store):
    """Lets the first who saves wait, between its check and its writing, until told."""

    def __init__(self, folder: Path, locked: bool) -> None:
        super().__init__(folder, SIGNER.verifier)
        self.checked, self.go_on = threading.Event(), threading.Event()
        self._locked, self._first = locked, True

    @contextmanager
    def alone(self, origin: str) -> Iterator[None]:
        if self._locked:
            with super().alone(origin):
                yield
        else:
            yield

    def save(self, origin: str, state: Cosigned) -> None:
        if self._first:
            self._first = False
            self.checked.set()
            assert self.go_on.wait(30)
        super().save(origin, state)


@pytest.mark.parametrize("locked", [True, False])
def test_a_slow_small_request_cannot_roll_back_a_fast_large_one(
    log: SimulatedLog, tmp_path: Path, locked: bool
) -> None:
    """A checks 10; B, asking for 30 meanwhile, must wait for A and then be told 10. Without the lock A rolls B back."""
    store = SlowStore(tmp_path, locked)
    with serving(log, tmp_path, store) as url, ThreadPoolExecutor(2) as pool:
        slow = pool.submit(ask, url, asking(log, 0, 10))
        assert store.checked.wait(30)
        fast = pool.submit(ask, url, asking(log, 0, 30))
        if not locked:
            assert fast.result(30)[0] == 200
        store.go_on.set()
        assert slow.result(30)[0] == 200
        assert fast.result(30)[0] == (409 if locked else 200)
        kept = store.load(log.origin)
    assert kept is not None
    assert kept.size == 10  # in the unlocked case after having cosigned 30: that is the fault the lock is there for


def test_many_at_once_never_shrink_what_was_cosigned(log: SimulatedLog, tmp_path: Path) -> None:
    store = Store(tmp_path, SIGNER.verifier)

    def climb(url: str, start: int) -> list[int]:
        """Ask for growing sizes, going by what the witness says it has seen; the sizes cosigned."""
        old, done = 0, []
        for size in range(start, 41, 5):
            for _ in range(20):
                status, body, _ = ask(url, asking(log, min(old, size), size, START + timedelta(seconds=size)))
                if status == 200:
                    done.append(size)
                    break
                assert status == 409
                old = int(body)
                if old > size:
                    break
        return done

    with serving(log, tmp_path, store) as url, ThreadPoolExecutor(5) as pool:
        cosigned = [size for sizes in pool.map(lambda start: climb(url, start), range(1, 6)) for size in sizes]
        kept = store.load(log.origin)
    assert kept is not None
    assert kept.size == max(cosigned)


def test_nothing_is_answered_that_could_not_be_kept(log: SimulatedLog, tmp_path: Path) -> None:
    class FullDisk(Store):
        def save(self, origin: str, state: Cosigned) -> None:
            raise OSError("no space left")

    with serving(log, tmp_path, FullDisk(tmp_path, SIGNER.verifier)) as url:
        status, body, _ = ask(url, asking(log, 0, 9))
    assert status == 500
    assert "— " not in body
