"""The keys this server keeps: the log's, its operator's, and the one that seals custodial keys.

They lie in ``HAZWAY_HOME/keys``, outside the database, so that whoever copies the database cannot sign.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hazway import keys, note
from services.runtime.certificates import write_private
from services.runtime.settings import Settings

OPERATOR = "operator"  # the organisation that runs this server; its first key is the anchor of all others


@dataclass(frozen=True, slots=True)
class Keeper:
    """``origin`` names the log and is bound into every checkpoint and receipt."""

    origin: str
    log: keys.MemorySigner
    operator: keys.MemorySigner
    sealing_key: bytes

    @property
    def note_signer(self) -> note.Signer:
        return note.Signer(self.origin, self.log)


def keeper_of(settings: Settings) -> Keeper:
    """The keys of this home, made on first use. One process at a time may make them (``hazway-server`` does at start)."""
    return _keeper(settings.home, settings.log_origin)


def trust_file(keeper: Keeper) -> str:
    """The JSON that a verifier needs beforehand (``hazway.trust``): the log's key and the operator's."""
    return json.dumps(
        {
            "log_keys": [str(keeper.note_signer.verifier)],
            "authorities": [base64.b64encode(keeper.operator.spki).decode()],
        },
        indent=2,
    )


@lru_cache(maxsize=64)
def _keeper(home: Path, origin: str) -> Keeper:
    folder = home / "keys"
    return Keeper(
        origin, _signer(folder / "log.pem"), _signer(folder / "operator.pem"), _secret(folder / "sealing.key")
    )


def _signer(path: Path) -> keys.MemorySigner:
    if not path.exists():
        write_private(path, keys.to_pem(keys.generate()))
    return keys.from_pem(path.read_bytes())


def _secret(path: Path) -> bytes:
    if not path.exists():
        write_private(path, os.urandom(32))
    return path.read_bytes()
