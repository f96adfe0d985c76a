"""Wake-ups and fan-out through Redis. It may be lost at any time: whoever listens also looks in PostgreSQL."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import redis

_log = logging.getLogger("hazway.runtime")
_PATIENCE_S = 0.5  # a wake-up later than this is worth less than the look somebody takes anyway
_QUIET_S = 5.0  # who has heard nothing for so long asks whether anybody is there
_DEAF_S = 15.0  # and who has heard nothing for so long, no answer either, connects anew: nobody tells the end of a line that was cut


class Bus:
    """Publishes hints and runs listeners; a Redis that is away costs a warning, never an error."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S, health_check_interval=5
        )
        self._listening = redis.Redis.from_url(url, socket_connect_timeout=_PATIENCE_S)

    def publish(self, channel: str, payload: bytes = b"") -> None:
        try:
            self._redis.publish(channel, payload)
        except redis.RedisError as error:
            _log.warning("wake-up lost", extra={"channel": channel, "error": str(error)})

    def listen(self, pattern: str, hear: Callable[[str, bytes], None], stopped: threading.Event) -> threading.Thread:
        """Call ``hear(channel, payload)`` on a thread of its own until ``stopped``, reconnecting for ever."""
        thread = threading.Thread(
            target=self._listen, args=(pattern, hear, stopped), name=f"bus {pattern}", daemon=True
        )
        thread.start()
        return thread

    def _listen(self, pattern: str, hear: Callable[[str, bytes], None], stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                with self._listening.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
                    subscription.psubscribe(pattern)
                    heard = asked = time.monotonic()
                    while not stopped.is_set():
                        message, now = subscription.get_message(timeout=0.5), time.monotonic()
                        if message is not None:
                            heard = now
                            if message["type"] == "pmessage":
                                hear(message["channel"].decode(), message["data"])
                        elif now - heard > _DEAF_S:
                            raise redis.ConnectionError("nobody answers")
                        elif now - max(heard, asked) > _QUIET_S:
                            subscription.ping()
                            asked = now
            except (redis.RedisError, OSError):
                stopped.wait(0.5)

    @property
    def client(self) -> redis.Redis:
        """Redis itself, for live state that may be lost; every use must survive ``redis.RedisError``."""
        return self._redis
