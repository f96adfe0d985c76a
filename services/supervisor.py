"""One host's processes: PostgreSQL, Redis, one api, one worker; whichever dies is started again."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from services import assembly
from services.runtime import embedded
from services.runtime.settings import Settings, to_environment

_log = logging.getLogger("hazway.supervisor")
_LOOK_S = 0.2
_PATIENCE_S = 60.0
ROLES = ("api", "worker")


class Supervisor:
    """``start`` returns when the api answers; ``stop`` ends everything that was started here."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: dict[str, embedded.Running] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> dict[str, int]:
        """Start everything; the ports the api listens on."""
        self._start_servers()
        assembly.prepare(self.settings)
        (self.settings.home / assembly.PORTS_FILE).unlink(missing_ok=True)
        self._start_children()
        ports = self._ports()
        # An api that is started again listens where its clients look for it.
        listening = {name: port for name, port in ports.items() if name.endswith("_port")}
        self.settings = replace(self.settings, **listening)  # type: ignore[arg-type]  # the names are fields
        self._thread.start()
        return ports

    def _ports(self) -> dict[str, int]:
        """The api's ports, waited for. Raises ``TimeoutError`` when none are told."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            child = self.children.get("api")
            try:
                told: dict[str, int] = json.loads((self.settings.home / assembly.PORTS_FILE).read_text("utf-8"))
                if child is not None and told["pid"] == child.pid:
                    return told
            except FileNotFoundError:
                pass
            time.sleep(0.05)
        raise TimeoutError("api 未能启动 the api did not come up; see its log on stderr")

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for child in self.children.values():
            child.send_signal(signal.SIGTERM)
        for child in self.children.values():
            child.wait()
        for server in reversed(self.servers.values()):
            if server.owned:
                server.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self._start_servers()
                self._start_children()
            except Exception:
                _log.exception("something could not be started again and will be tried once more")

    def _start_servers(self) -> None:
        """Start the embedded servers where none are named from outside, and again where they have died."""
        self._keep("postgres", "database_url", embedded.postgres.start)
        self._keep("redis", "redis_url", embedded.redis.start)

    def _keep(self, name: str, url_field: str, start: Callable[..., embedded.Running]) -> None:
        known = self.servers.get(name)
        if known is None and getattr(self.settings, url_field):
            return
        if known is None or not _is_alive(known.pid):
            running = start(self.settings.home)
            # A server of ours that was started again is still ours to stop.
            self.servers[name] = running if known is None else replace(running, owned=known.owned or running.owned)
            self.settings = replace(self.settings, **{url_field: running.url})  # type: ignore[arg-type]  # both are text

    def _start_children(self) -> None:
        for role in ROLES:
            child = self.children.get(role)
            if child is None or child.poll() is not None:
                if child is not None:
                    _log.warning("started again", extra={"role": role, "exit": child.returncode})
                command = [sys.executable, "-m", "services", "serve", "--role", role]
                self.children[role] = subprocess.Popen(
                    command, env=to_environment(self.settings), start_new_session=True
                )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
