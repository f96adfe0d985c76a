"""What a worker process does for the record: sequences and publishes, asks the witnesses, lets bodies expire."""

from __future__ import annotations

import logging
from pathlib import Path

from services.runtime.host import Host
from services.runtime.lease import Lease, take_lease
from services.runtime.loops import Loop
from services.traceability import log_store
from services.traceability.expiry import expire_due
from services.traceability.keeper import Keeper, keeper_of
from services.traceability.publish import check_published, publish, sweep
from services.traceability.record import WAKE_SEQUENCER
from services.traceability.sequencer import LogFrozen, Sequencer
from services.traceability.witnessing import Witnesses, policy_of

_log = logging.getLogger("hazway.traceability")
_FRESH_S = 5.0
_WITNESS_LEASE, _EXPIRY_LEASE = "traceability.witnesses", "traceability.expiry"


def loops(host: Host, holder: str) -> list[Loop]:
    """The record's loops; several workers may run them at once."""
    keeper = keeper_of(host.settings)
    log = LogKeeping(host, keeper, holder)
    made = [
        Loop("sequencer", 0.2, log.round, WAKE_SEQUENCER),
        Loop("expiry", 300.0, lambda: _expire(host, keeper, holder)),
    ]
    policy = policy_of(host.settings)
    if policy is not None:
        witnesses = Witnesses(host.engine, keeper, policy)
        made.append(Loop("witnesses", 0.5, lambda: log.witness(witnesses), close=witnesses.close))
    return made


def public_folder(host: Host) -> Path:
    """Where the log is published."""
    return host.settings.home / "public" / "log"


def is_healthy(host: Host) -> bool:
    """Whether the log keeps up: it is not frozen, and nothing has been waiting for its leaf for more than five seconds."""
    with host.engine.connect() as connection:
        head = log_store.find_head(connection)
        return head is not None and head.frozen is None and log_store.waiting_seconds(connection) < _FRESH_S


class LogKeeping:
    """The sequencer of one process with its publishing. Whenever the lease comes to it, it looks before it signs."""

    def __init__(self, host: Host, keeper: Keeper, holder: str) -> None:
        self._host, self._keeper, self._holder = host, keeper, holder
        self._sequencer = Sequencer(host.engine, keeper, holder)
        self._public = public_folder(host)
        self._checked: Lease | None = None
        self._published = 0
        self._is_behind = False
        self._said = ""

    def round(self) -> bool:
        """One batch, and what became public by it; whether there may be more."""
        try:
            return self._round()
        except LogFrozen as frozen:
            if str(frozen) != self._said:
                _log.critical("nothing is signed or published any more", extra={"problem": str(frozen)})
                self._said = str(frozen)
            return False

    def witness(self, witnesses: Witnesses) -> bool:
        """Ask the witnesses, if no other process does, and publish what they signed."""
        with self._host.engine.begin() as connection:
            if take_lease(connection, _WITNESS_LEASE, self._holder, seconds=30) is None:
                return False
        if witnesses.round(self._host.clock.now()):
            publish(self._host.engine, self._keeper, self._public)
        return False

    def _round(self) -> bool:
        lease = self._sequencer.lease()
        if lease is None:
            return False
        if lease != self._checked:
            self._sequencer.open()
            check_published(self._host.engine, self._keeper, self._public)
            sweep(self._public)
            self._is_behind = True
            self._checked = lease
        given = self._sequencer.run(lease, least=self._published)
        if given or self._is_behind:
            self._is_behind = True  # until the files are written: a round that fails here is made up for by the next
            self._published = publish(self._host.engine, self._keeper, self._public)
            self._is_behind = False
        return given > 0


def _expire(host: Host, keeper: Keeper, holder: str) -> bool:
    with host.engine.begin() as connection:
        if take_lease(connection, _EXPIRY_LEASE, holder, seconds=60) is None:
            return False
    return expire_due(host.engine, keeper, host.clock.now())
