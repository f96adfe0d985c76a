"""Ids made by whoever creates a thing, also offline: UUID version 7 (RFC 9562), so that they sort by time of making."""

from __future__ import annotations

import secrets
import time
import uuid


def new_id(milliseconds: int | None = None) -> str:
    """A fresh id in the usual 36-character form; ``milliseconds`` since 1970 stands in for the clock when given."""
    when = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    value = (when & (1 << 48) - 1) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
