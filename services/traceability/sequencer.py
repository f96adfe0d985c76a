"""The one sequencer: gives registrations their leaves batch by batch, signs the checkpoint, makes the receipts.

It holds a lease; the head row is the truth and is moved by compare and swap, so two servers on one key cannot fork the
log. Whatever does not fit freezes the log: nothing more is signed until a person has looked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Engine

from hazway import checkpoint, note, proof, receipt
from hazway.errors import VerificationError
from services.runtime.lease import Lease, is_held, take_lease
from services.traceability import log_store
from services.traceability.keeper import Keeper
from services.traceability.log_store import Head, Leaf
from services.traceability.tree import Tree

_log = logging.getLogger("hazway.traceability")
MOST_PER_BATCH = 2_000
T = TypeVar("T")

_LEASE = "traceability.sequencer"
_LEASE_S = 3  # how long a log stands still after its sequencer was killed


class LogFrozen(Exception):
    """The log's parts contradict each other; nothing more may be signed."""


class WrongLog(Exception):
    """This process has another log's name or key. That is its own fault, not the log's, and freezes nothing."""


@dataclass(frozen=True, slots=True)
class Sequencer:
    engine: Engine
    keeper: Keeper
    holder: str

    def open(self) -> None:
        """Create the log or check what is there: head, checkpoint and the last tiles must say the same.

        Raises ``WrongLog`` when the database holds a log of another name or key.
        """
        with self.engine.begin() as connection:
            log_store.create_head(connection, self.keeper.origin, self._signed(0, proof.EMPTY_ROOT))
            head = self._head(connection)
        self._check_ours(head)
        self._guard(lambda connection: self._check_tail(connection, head))

    def lease(self) -> Lease | None:
        """The right to sequence, for a few seconds; ``None`` while another process has it."""
        with self.engine.begin() as connection:
            return take_lease(connection, _LEASE, self.holder, seconds=_LEASE_S)

    def run(self, lease: Lease, *, least: int = 0) -> int:
        """One batch under a lease that this process was given; 0 when it has passed to another since.

        ``least`` is a size that the log is known to have had: one that is smaller now has been set back, and is frozen.
        """
        return self._guard(lambda connection: self._batch(connection, lease, least))

    def _batch(self, connection: Connection, lease: Lease, least: int) -> int:
        if not is_held(connection, lease):
            return 0
        head = self._head(connection)
        if head.size < least:
            raise LogFrozen(f"the log had {least} leaves, the database has {head.size}")
        digests = log_store.waiting(connection, MOST_PER_BATCH)
        if not digests:
            return 0
        tree = Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))
        for digest in digests:
            tree.append(proof.leaf_hash(digest))
        leaves = self._receipts(tree, head.size, digests)
        new = Head(head.origin, tree.size, tree.range, self._signed(tree.size, tree.root()), lease.token, None)
        log_store.write_tiles(connection, tree.changed)
        if log_store.give_leaves(connection, leaves) != len(leaves) or not log_store.move_head(connection, head, new):
            raise LogFrozen("the head moved under the sequencer's lock")
        return len(leaves)

    def _receipts(self, tree: Tree, first: int, digests: Sequence[bytes]) -> list[Leaf]:
        """A receipt for each new leaf, its own inclusion proof verified before anybody can see it."""
        batch = receipt.Batch(self.keeper.log, origin=self.keeper.origin, size=tree.size, root=tree.root())
        leaves = []
        for index, digest in enumerate(digests, first):
            path = tree.path(index)
            leaves.append(Leaf(digest, index, batch.receipt(digest, index, path)))
        return leaves

    def _check_tail(self, connection: Connection, head: Head) -> None:
        """The stored range, the signed checkpoint and the tiles at the right edge must agree (the Yeti lesson)."""
        tree = Tree(head.size, head.range, lambda level, n: log_store.read_tile(connection, level, n))
        signed = checkpoint.open(head.checkpoint, [self.keeper.note_signer.verifier]).checkpoint
        if (signed.origin, signed.size, signed.root) != (self.keeper.origin, head.size, tree.root()):
            raise LogFrozen("the checkpoint is not the head's")
        if head.size and proof.tree_root(head.size, tree.hash_of) != tree.root():
            raise LogFrozen("the tiles do not lead to the signed root")
        start = max(0, head.size - 256)
        for index, digest in enumerate(log_store.entries(connection, start, head.size), start):
            if tree.hash_of(0, index) != proof.leaf_hash(digest):
                raise LogFrozen(f"leaf {index} is not its registration's")

    def _head(self, connection: Connection) -> Head:
        head = log_store.find_head(connection, lock=True)
        if head is None:
            raise LogFrozen("the head of the log is gone")
        if head.frozen is not None:
            raise LogFrozen(head.frozen)
        return head

    def _check_ours(self, head: Head) -> None:
        verifier = self.keeper.note_signer.verifier
        _, signatures = note.split(head.checkpoint)
        if head.origin != self.keeper.origin:
            raise WrongLog(f"this database holds the log {head.origin}, not {self.keeper.origin}")
        if all((name, key_id) != (verifier.name, verifier.key_id) for name, key_id, _ in signatures):
            raise WrongLog(f"the log {head.origin} is signed with another key than this server's")

    def _signed(self, size: int, root: bytes) -> str:
        """A signed checkpoint, with a signature of nobody's added: readers must be used to ignoring what they do not know."""
        body = checkpoint.Checkpoint(self.keeper.origin, size, root).body()
        return note.sign(body, self.keeper.note_signer) + note.grease()

    def _guard(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction; freeze the log when it finds that the log contradicts itself."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except (LogFrozen, VerificationError, ValueError) as error:
            _log.critical("the log is frozen", extra={"problem": str(error)})
            with self.engine.begin() as connection:
                log_store.freeze(connection, str(error))
            raise LogFrozen(str(error)) from error
