"""What the record is made of: keys that sign, and acts that are registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hazway.types.v1 import types_pb2 as types


@dataclass(frozen=True, slots=True)
class Key:
    """A statement key. ``sealed_private`` is set for a custodial one, which the server signs with for a person.

    ``valid_from`` is ``registered_at`` unless told; ``registered_by`` is the ``kid`` of the key that vouched for it.
    """

    kid: bytes
    organisation_id: str
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None = None
    sealed_private: bytes | None = None
    valid_from: datetime | None = None
    registered_by: bytes | None = None

    def is_active(self, at: datetime) -> bool:
        """From its beginning on, and no more from its revocation on."""
        begun = (self.valid_from or self.registered_at) <= at
        return begun and (self.revoked_at is None or at < self.revoked_at)


@dataclass(frozen=True, slots=True)
class Registered:
    """That an act stands as number ``seq`` in the chain of its subject; ``digest`` is the log's entry,
    ``statement_digest`` that of what its author signed."""

    digest: bytes
    subject: str
    seq: int
    registered_at: datetime
    statement_digest: bytes = b""

    def to_wire(self) -> types.Registered:
        wire = types.Registered(digest=self.digest, subject=self.subject, seq=self.seq)
        wire.registered_at.FromDatetime(self.registered_at)
        return wire
