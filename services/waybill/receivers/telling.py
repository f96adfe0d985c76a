"""Telling receivers what is queued for them: what a worker does again and again.

A receiver is claimed by one worker at a time, so that a waybill's changes arrive in order; several receivers are told at
once, so that one that does not answer holds up no other. Nothing is held in the database while a receiver is asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet

from hazway import webhook
from services.registry.model import ExternalRef
from services.runtime.host import Host
from services.runtime.keyfile import key_from
from services.runtime.settings import Settings
from services.waybill import store as waybills
from services.waybill.provincial.reads import written
from services.waybill.receivers import queue_store
from services.waybill.receivers.sending import Answer, Unreachable, post
from services.waybill.receivers.store import ACCEPTED, PROVINCE, REFUSED, Delivery, Receiver

_AT_ONCE, _EACH = 8, 20
# One exchange takes at most about 15 s; a claim must outlast the last one begun.
_CLAIM_S, _TELL_S = 120.0, 60.0
# The receiver as a whole is down or overrun: leave it alone. Whatever else it answers concerns the one delivery.
_REST_ON = frozenset({429, 502, 503, 504})
# The province does not know us, which is no word on the waybill.
_NO_VERDICT = frozenset({401, 403, 408, 425})


@dataclass(frozen=True, slots=True)
class _Verdict:
    state: str
    reason: str = ""


def sealer_of(settings: Settings) -> Fernet:
    """Receivers' secrets are kept sealed under a key outside the database."""
    return Fernet(key_from(settings.home / "keys" / "receivers.key", Fernet.generate_key))


def tell_due(host: Host) -> bool:
    """One round; whether anything was told, or tried."""
    with host.engine.begin() as connection:
        receivers = queue_store.claim(connection, _AT_ONCE, _CLAIM_S)
    if not receivers:
        return False
    with ThreadPoolExecutor(len(receivers), thread_name_prefix="receiver") as pool:
        return any(list(pool.map(lambda receiver: _tell(host, receiver), receivers)))


def _tell(host: Host, receiver: Receiver) -> bool:
    until = time.monotonic() + _TELL_S
    with host.engine.begin() as connection:
        due = queue_store.due(connection, receiver, _EACH)
    for delivery in due:
        if time.monotonic() > until or not _tell_one(host, receiver, delivery):
            break
    with host.engine.begin() as connection:
        queue_store.give_back(connection, receiver)
    return bool(due)


def _tell_one(host: Host, receiver: Receiver, delivery: Delivery) -> bool:
    """Whether the receiver may be told more now."""
    content, headers = _message(host, receiver, delivery)
    try:
        answer = post(receiver.url, content, headers, private=host.settings.private_receivers)
    except Unreachable as error:
        return _failed(host, delivery, 0, str(error), rest=True)
    verdict = _provincial_verdict(answer) if receiver.kind == PROVINCE else _verdict(answer)
    if verdict is None:
        said = answer.content[:200].decode("utf-8", "replace")
        return _failed(host, delivery, answer.status, f"HTTP {answer.status} {said}", rest=answer.status in _REST_ON)
    with host.engine.begin() as connection:
        queue_store.answered(connection, delivery, verdict.state, answer.status, verdict.reason)
        if receiver.kind == PROVINCE:
            number = json.loads(content)["billNo"]
            said_there = ExternalRef(
                system=f"province/{receiver.province}", number=number, state=verdict.state, reason=verdict.reason,
                at=host.clock.now(),
            )  # fmt: skip
            waybills.note_reference(connection, delivery.waybill_id, said_there)
    return True


def _failed(host: Host, delivery: Delivery, status: int, error: str, *, rest: bool) -> bool:
    with host.engine.begin() as connection:
        queue_store.failed(connection, delivery, status, error.replace("\0", ""), rest=rest)
    return not rest


def _message(host: Host, receiver: Receiver, delivery: Delivery) -> tuple[bytes, Mapping[str, str]]:
    secret = sealer_of(host.settings).decrypt(receiver.secret).decode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "hazway",
        webhook.DELIVERY: str(delivery.number),
        webhook.EVENT: delivery.event,
    }
    if receiver.kind == PROVINCE:
        with host.engine.begin() as connection:
            bill = written(connection, delivery.waybill_id, host.clock.now())
        return bill.encode(), {**headers, "Authorization": f"Bearer {secret}"}
    content = delivery.body.encode()
    # Receivers compare with the world's clock, whatever the injected one shows.
    return content, {**headers, webhook.HEADER: webhook.sign(secret, content, datetime.now(UTC))}


def _verdict(answer: Answer) -> _Verdict | None:
    return _Verdict(ACCEPTED) if 200 <= answer.status < 300 else None


def _provincial_verdict(answer: Answer) -> _Verdict | None:
    """``None`` for an answer that says nothing about the waybill and is asked for again."""
    said = _object(answer.content)
    message = str(said.get("message") or "").replace("\0", "")
    if 200 <= answer.status < 300 and "status" in said:
        return (
            _Verdict(ACCEPTED)
            if str(said["status"]) == "1"
            else _Verdict(REFUSED, message or f"status {said['status']}")
        )
    if 400 <= answer.status < 500 and answer.status not in _REST_ON | _NO_VERDICT:
        return _Verdict(REFUSED, message or f"HTTP {answer.status}")
    return None


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
