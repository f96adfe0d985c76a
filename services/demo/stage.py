"""The stage: a whole server of its own in a fresh home, its clock scaled, and a client for whoever acts on it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from hazway import keys
from hazway.client import Client, Identity
from services import traceability
from services.runtime import embedded
from services.runtime.certificates import DevelopmentAuthority
from services.runtime.clock import Clock
from services.runtime.host import scale_clock
from services.runtime.settings import Settings
from services.supervisor import Supervisor


class NotOnAnExternalDatabase(Exception):
    """The demo plays with the clock and invents people: it has no business in a database somebody named."""


@dataclass
class Stage:
    supervisor: Supervisor
    clock: Clock
    ports: dict[str, int]
    _clients: dict[str, Client] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.supervisor.settings

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def operator(self) -> Client:
        """The operator of this server, who signs with the server's own key."""
        if traceability.OPERATOR not in self._clients:
            signer = traceability.keeper_of(self.settings).operator
            self._clients[traceability.OPERATOR] = self._connect(traceability.OPERATOR, signer)
        return self._clients[traceability.OPERATOR]

    def now(self) -> datetime:
        return self.clock.now()

    def client(self, organisation: str) -> Client:
        return self._clients[organisation]

    def enrol(self, organisation: str) -> None:
        """Give a registered organisation a certificate and a statement key of its own."""
        client = self._connect(organisation, None)
        client.register_key(keys.generate())
        self._clients[organisation] = client

    def identity_folder(self, organisation: str) -> Path:
        """Where the organisation's certificate lies, for the command line."""
        return self.home / "identities" / organisation

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _connect(self, organisation: str, signer: keys.Signer | None) -> Client:
        folder = self.identity_folder(organisation)
        DevelopmentAuthority(self.home / "authority").issue(organisation).write(folder)
        return Client(
            self._address(), Identity.read(folder), organisation=organisation, signer=signer, now=self.clock.now
        )

    def _address(self) -> str:
        return f"localhost:{self.ports['machine_port']}"


@contextmanager
def open_stage(settings: Settings, *, factor: float) -> Iterator[Stage]:
    """A server in ``HAZWAY_HOME/demo``, emptied first, whose clock runs ``factor`` times as fast from now on."""
    if settings.database_url or settings.redis_url:
        raise NotOnAnExternalDatabase(
            "演示不在外部数据库上运行，请取消 HAZWAY_DATABASE_URL 和 HAZWAY_REDIS_URL"
            " The demo does not run on an external database: unset both variables"
        )
    home = settings.home / "demo"
    _clear(home)
    clock = scale_clock(home, datetime.now(UTC), factor)
    supervisor = Supervisor(replace(settings, home=home, log_level="WARNING"))
    try:
        ports = supervisor.start()
        stage = Stage(supervisor, clock, ports)
        yield stage
        stage.close()
    finally:
        supervisor.stop()


def _clear(home: Path) -> None:
    """End what an earlier demo may have left running here, and remove what it left lying."""
    if not home.exists():
        return
    with contextlib.suppress(embedded.EmbeddedError):
        embedded.postgres.forget(home)
    with contextlib.suppress(embedded.EmbeddedError):
        embedded.redis.start(home).stop()
    shutil.rmtree(home)
