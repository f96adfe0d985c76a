"""Short-lived tokens for people, who have no certificate in their browser."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from services.runtime.certificates import write_private

LIFETIME = timedelta(hours=8)  # one shift


class Tokens:
    """Issues and reads tokens under one key, which never leaves the server."""

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            write_private(key_file, Fernet.generate_key())
        self._fernet = Fernet(key_file.read_bytes())

    def issue(self, organisation: str, person: str, at: datetime) -> tuple[str, datetime]:
        """A token for the person, and when it ends."""
        content = json.dumps([organisation, person]).encode()
        return self._fernet.encrypt_at_time(content, int(at.timestamp())).decode(), at + LIFETIME

    def read(self, token: str, at: datetime) -> tuple[str, str] | None:
        """``(organisation, person)``; ``None`` for a token that is forged, broken or over."""
        try:
            content = self._fernet.decrypt_at_time(token.encode(), int(LIFETIME.total_seconds()), int(at.timestamp()))
        except (InvalidToken, UnicodeEncodeError):
            return None
        organisation, person = json.loads(content)
        return organisation, person
