"""Pages of a list (AIP-158): a token holds the cursor and is good only for the caller and the question it was given for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from google.protobuf.message import Message

from services.errors import Finding, Refusal
from services.errors.common import PAGE_TOKEN_INVALID
from services.runtime.call import Call
from services.runtime.keyfile import key_from

USUAL = 50
MOST = 500
_LIFETIME_S = 24 * 3600
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Page:
    """At most ``size`` things after ``cursor``, which is empty on the first page."""

    size: int
    cursor: str


def page_of(call: Call, request: Any, *, most: int = MOST) -> Page:
    """The page asked for by ``page_size``, which nobody asks negative (``wellformed``), and ``page_token``.

    Raises a refusal for a foreign token.
    """
    size = min(request.page_size or USUAL, most)
    return Page(size, _cursor(call, request) if request.page_token else "")


def next_page_token(call: Call, request: Any, cursor: str) -> str:
    """The token that continues after ``cursor``: sealed, so that nobody reads or writes one himself."""
    return _sealer(call).encrypt(_question(call, request) + cursor.encode()).decode()


def _cursor(call: Call, request: Any) -> str:
    try:
        content = _sealer(call).decrypt(request.page_token.encode(), _LIFETIME_S)
    except InvalidToken:
        content = b""
    if content[:_DIGEST_BYTES] != _question(call, request):
        raise Refusal((Finding(reason=PAGE_TOKEN_INVALID, path="page_token"),))
    return content[_DIGEST_BYTES:].decode()


def _question(call: Call, request: Message) -> bytes:
    """Digest of who asks, the method and every argument but the page's size and token."""
    bare: Any = type(request)()
    bare.CopyFrom(request)
    bare.ClearField("page_size")
    bare.ClearField("page_token")
    asked = f"{call.caller.organisation}\n{call.caller.person}\n{call.method}\n".encode()
    return hashlib.sha256(asked + bare.SerializeToString(deterministic=True)).digest()


def _sealer(call: Call) -> Fernet:
    return Fernet(key_from(call.settings.home / "keys" / "pages.key", Fernet.generate_key))
