"""A line between a process and a server that can be cut without either hearing of it, as a firewall or a dead switch cuts it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Line:
    """Leads from ``port`` of loopback to a server's socket. What was connected when it was cut stays dumb for ever, as after a
    failover; what is connected after the mending works."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._is_cut = False
        self._dumb: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        self._dumb |= self._open

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return  # closed
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._server)
            self._open |= {near, far}
            if self._is_cut:
                self._dumb |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), name="line", daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                if one not in self._dumb:
                    other.sendall(data)
        if one not in self._dumb:
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(server: str) -> Iterator[Line]:
    """A line to the UNIX socket at this path."""
    line = Line(server)
    try:
        yield line
    finally:
        line.close()
