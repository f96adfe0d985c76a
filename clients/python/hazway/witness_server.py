"""A witness as a program: the judgement of ``hazway.witness`` over HTTP, its state kept in files of one folder.

``POST /add-checkpoint`` is the log's, ``GET /<hex SHA-256 of the origin>/checkpoint`` everybody's. Of one origin one
request is judged at a time, and what was cosigned is on the disk before the answer leaves.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hazway import checkpoint, note
from hazway.errors import VerificationError
from hazway.witness import Answer, Cosigned, Witness, origin_of

MAX_REQUEST_BYTES = 1 << 20
_SECONDS_A_REQUEST = 20


class Store:
    """The last checkpoint cosigned for each origin, one file each, bearing our own cosignature."""

    def __init__(self, folder: Path, verifier: note.Verifier) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._verifier = folder, verifier
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def alone(self, origin: str) -> Iterator[None]:
        """Nobody else judges this origin, in this process or another one on the same folder."""
        with self._locks[origin], self._path(origin).with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def load(self, origin: str) -> Cosigned | None:
        """None when nothing was cosigned yet. Raises ``VerificationError`` for a file that is not what we wrote."""
        text = self.read(name_of(origin))
        if text is None:
            return None
        found = checkpoint.parse(note.read(text, [self._verifier]).body)
        if found.origin != origin:
            raise VerificationError("witness", "the state is of another log", "状态属于其他日志")
        return Cosigned(found.size, found.root, text)

    def save(self, origin: str, state: Cosigned) -> None:
        """The state is on the disk when this returns, whole, in the place of the one before."""
        handle, scratch = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(state.text)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).replace(self._path(origin))
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, name: str) -> str | None:
        """The note kept under ``name_of`` its origin."""
        try:
            return (self._folder / f"{name}.checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _path(self, origin: str) -> Path:
        return self._folder / f"{name_of(origin)}.checkpoint"


class WitnessServer:
    """A witness for the logs of these keys (``vkey``), listening on ``host:port``; port 0 takes a free one."""

    def __init__(
        self,
        signer: note.Signer,
        log_keys: Iterable[str | note.Verifier],
        store: Store,
        address: tuple[str, int] = ("127.0.0.1", 0),
        now: Callable[[], float] = time.time,
    ) -> None:
        logs: defaultdict[str, list[note.Verifier]] = defaultdict(list)
        for key in log_keys:
            verifier = key if isinstance(key, note.Verifier) else note.parse_verifier(key)
            logs[verifier.name].append(verifier)
        self._witness, self._origins, self._store, self._now = Witness(signer, logs), frozenset(logs), store, now
        self._names = {name_of(origin) for origin in logs}
        for origin in logs:
            store.load(origin)
        self._server = ThreadingHTTPServer(address, _handler(self))
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def serve(self) -> None:
        """Serve until ``close`` is called from another thread."""
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_checkpoint(self, request: bytes) -> Answer:
        """Judge, keep and answer; see ``hazway.witness``. Raises where the state cannot be read or kept."""
        try:
            origin = origin_of(request)
        except VerificationError:
            origin = ""
        if origin not in self._origins:
            return self._witness.add_checkpoint(request, None, int(self._now()))
        with self._store.alone(origin):
            answer = self._witness.add_checkpoint(request, self._store.load(origin), int(self._now()))
            if answer.new_state is not None:
                self._store.save(origin, answer.new_state)
            return answer

    def newest(self, path: str) -> Answer:
        """What a monitor asks for: the last checkpoint cosigned for an origin."""
        parts = path.split("/")
        text = self._store.read(parts[1]) if len(parts) == 3 and parts[1] in self._names else None
        if text is None or parts[2] != "checkpoint":
            return Answer(404, "no such checkpoint\n")
        return Answer(200, text)


def name_of(origin: str) -> str:
    """What an origin is called in paths."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _handler(server: WitnessServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS_A_REQUEST
        server_version, sys_version = "hazway-witness", ""

        def do_POST(self) -> None:  # named so by http.server
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                self._answer(Answer(404, "no such path\n"))
            elif not (length.isascii() and length.isdigit() and int(length) <= MAX_REQUEST_BYTES):
                self._answer(Answer(400, "no length, or too long\n"))
            else:
                body = self.rfile.read(int(length))
                self._answer(_guarded(lambda: server.add_checkpoint(body)))

        def do_GET(self) -> None:  # named so by http.server
            self._answer(_guarded(lambda: server.newest(self.path)))

        def _answer(self, answer: Answer) -> None:
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Requests are not worth a line each; what is cosigned is in the folder."""

    return Handler


def _guarded(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except (OSError, VerificationError) as error:
        return Answer(500, f"the state cannot be read or kept: {error}\n")
