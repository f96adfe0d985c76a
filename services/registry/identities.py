"""Identity numbers at rest: sealed by AES-256-GCM under a key that lies outside the database, shown only masked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, text

from services.runtime.settings import Settings
from services.traceability import keeper_of

KEY_BYTES = 32
_NONCE_BYTES = 12
_EDITION = b"\x01"


class Sealer:
    """Seals numbers, and tells equal ones, under two keys derived from one sealing key of 32 bytes."""

    def __init__(self, sealing_key: bytes) -> None:
        if len(sealing_key) != KEY_BYTES:
            raise ValueError("a sealing key has 32 bytes")
        self._aead = AESGCM(_derived(sealing_key, b"hazway identity seal"))
        self._mac_key = _derived(sealing_key, b"hazway identity equality")

    def seal(self, number: str, person_id: str) -> bytes:
        """``person_id`` is bound in: sealed bytes moved to another person cannot be opened."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _EDITION + nonce + self._aead.encrypt(nonce, number.encode(), _EDITION + person_id.encode())

    def unseal(self, sealed: bytes, person_id: str) -> str:
        """Raises ``cryptography.exceptions.InvalidTag`` for other keys, persons or bytes."""
        nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        return self._aead.decrypt(nonce, cipher, sealed[:1] + person_id.encode()).decode()

    def mac(self, number: str) -> bytes:
        return hmac.digest(self._mac_key, number.encode(), hashlib.sha256)


def sealer_of(settings: Settings) -> Sealer:
    """Under the sealing key of this home, which lies outside the database."""
    return Sealer(keeper_of(settings).sealing_key)


_KEEP = text(
    "INSERT INTO registry_identities (person_id, sealed, mac, recorded_at) VALUES (:person, :sealed, :mac, :now)"
    " ON CONFLICT (person_id) DO UPDATE SET sealed = EXCLUDED.sealed, mac = EXCLUDED.mac,"
    " recorded_at = EXCLUDED.recorded_at"
)


def keep(connection: Connection, sealer: Sealer, person_id: str, number: str, now: datetime) -> None:
    connection.execute(
        _KEEP, {"person": person_id, "sealed": sealer.seal(number, person_id), "mac": sealer.mac(number), "now": now}
    )


@dataclass(frozen=True, slots=True)
class Twins:
    """Who else has a number, whoever employs them, and whether the person itself had another one before."""

    others: tuple[str, ...]
    renumbered: bool


_ALONE_WITH_NUMBER = text("SELECT pg_advisory_xact_lock(:lock)")
_TWINS = text("SELECT person_id, mac FROM registry_identities WHERE mac = :mac OR person_id = :person ORDER BY 1")


def twins_by(connection: Connection, sealer: Sealer, person_id: str, number: str) -> Twins:
    """Not to be told to employers. Until the transaction ends nobody else registers this number."""
    mac = sealer.mac(number)
    connection.execute(_ALONE_WITH_NUMBER, {"lock": int.from_bytes(mac[:8], "big", signed=True)})
    rows = connection.execute(_TWINS, {"mac": mac, "person": person_id}).all()
    others = tuple(row.person_id for row in rows if row.person_id != person_id)
    return Twins(others, any(row.person_id == person_id and bytes(row.mac) != mac for row in rows))


_ENTRIES_OF = text(
    "SELECT o.person_id FROM registry_identities i JOIN registry_identities o ON o.mac = i.mac"
    " WHERE i.person_id = :person AND o.person_id <> :person ORDER BY 1"
)


def entries_of(connection: Connection, person_id: str) -> list[str]:
    """The other entries that are the same person by their numbers. Not to be told to employers."""
    rows = connection.execute(_ENTRIES_OF, {"person": person_id})
    return [row.person_id for row in rows]


_PERSONS_WITH = text(
    "SELECT DISTINCT i.person_id FROM registry_identities i JOIN registry_members m ON m.person_id = i.person_id"
    " WHERE i.mac = :mac AND m.organisation_id = ANY(:organisations) ORDER BY 1"
)


def persons_with(connection: Connection, sealer: Sealer, number: str, organisations: Iterable[str]) -> list[str]:
    """The people of these organisations who have this number. Others' do not count: who works elsewhere is not told."""
    rows = connection.execute(_PERSONS_WITH, {"mac": sealer.mac(number), "organisations": list(organisations)})
    return [row.person_id for row in rows]


def _derived(sealing_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(sealing_key)
