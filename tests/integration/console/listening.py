"""A receiver on loopback: remembers what it is sent and answers as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Listening:
    """``answers`` are given in turn, then 200; an answer is a status, or a status with a body."""

    url: str = ""
    answers: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    usual: Any = 200

    @property
    def events(self) -> list[str]:
        return [each["Hazway-Event"] for each in self.headers]

    def said(self) -> list[Any]:
        return [json.loads(each) for each in self.bodies]


@contextmanager
def listening(port: int = 0) -> Iterator[Listening]:
    heard = Listening()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            heard.headers.append(dict(self.headers.items()))
            answer = heard.answers.pop(0) if heard.answers else heard.usual
            status, body = answer if isinstance(answer, tuple) else (answer, b"")
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", heard.url + "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    heard.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
