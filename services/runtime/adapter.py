"""The one adapter: every unary call of every listener passes here.

It opens the transaction, claims the request id, runs the handler, keeps the answer, and turns whatever goes wrong
into a refusal. A transaction that PostgreSQL could not serialise or lost on the way is tried again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from services.errors import Finding, Refusal, refuse
from services.errors.common import BUSY, DEADLINE, INTERNAL, NOT_AUTHENTICATED
from services.runtime import idempotency
from services.runtime.bus import Bus
from services.runtime.call import Call, Caller, Language
from services.runtime.clock import Clock
from services.runtime.database import is_transient
from services.runtime.logs import request_id_in_log
from services.runtime.service import Handler
from services.runtime.settings import Settings
from services.runtime.wellformed import check_request, check_request_id

_log = logging.getLogger("hazway.call")
_TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a transport knows of a call before anything is looked up."""

    method: str
    organisation: str
    person: str
    log_id: str = field(default_factory=lambda: secrets.token_hex(8))
    language: Language = Language.CHINESE
    purpose: str = ""
    deadline: datetime | None = None


Identify = Callable[[Connection, str, str, datetime], Caller | None]


class Adapter:
    """Runs handlers in a bounded pool of threads, each call in one transaction of its own."""

    def __init__(self, settings: Settings, engine: Engine, bus: Bus, clock: Clock, identify: Identify) -> None:
        self.settings, self.engine, self.bus, self.clock, self._identify = settings, engine, bus, clock, identify
        self._pool = ThreadPoolExecutor(settings.pool, thread_name_prefix="call")

    async def unary(self, asked: Asked, handler: Handler, request: Message, response_class: type[Message]) -> Message:
        """The handler's answer, or the one given before. Raises ``Refusal``, whatever happened."""
        answer: Message = await self._in_pool(
            lambda: self._guarded(asked, lambda: self._answer(asked, handler, request, response_class))
        )
        return answer

    async def run(self, asked: Asked, work: Callable[[Call], Any]) -> Any:
        """One piece of a stream's work as a call of its own. Raises ``Refusal``, whatever happened."""
        return await self._in_pool(lambda: self._guarded(asked, lambda: self._in_transaction(asked, "", work)))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _in_pool(self, work: Callable[[], Any]) -> Any:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: context.run(work))

    def _answer(self, asked: Asked, handler: Handler, request: Any, response_class: type[Message]) -> Message:
        refuse(check_request(request, asked.purpose))
        if "request_id" not in request.DESCRIPTOR.fields_by_name:
            answer: Message = self._in_transaction(asked, "", lambda call: handler(call, request))
            return answer
        refuse(check_request_id(request.request_id))
        if getattr(request, "validate_only", False):
            return self._rolled_back(asked, request.request_id, lambda call: handler(call, request))

        def mutate(call: Call) -> Message:
            earlier = idempotency.claim(call, request)
            if earlier is not None:
                call.allowed = True
                return response_class.FromString(earlier)
            response = handler(call, request)
            idempotency.keep(call, response)
            return response

        answered: Message = self._in_transaction(asked, request.request_id, mutate)
        return answered

    def _in_transaction(self, asked: Asked, request_id: str, work: Callable[[Call], Any]) -> Any:
        with self.engine.begin() as connection:
            call = self._call(asked, request_id, connection)
            result = work(call)
            if not call.allowed:
                raise RuntimeError(f"{asked.method} answered without asking whether it may")
        for act in call.after_commit:
            act()
        return result

    def _rolled_back(self, asked: Asked, request_id: str, work: Callable[[Call], Message]) -> Message:
        with self.engine.connect() as connection, connection.begin() as transaction:
            call = self._call(asked, request_id, connection)
            result = work(call)
            transaction.rollback()
        if not call.allowed:
            raise RuntimeError(f"{asked.method} answered without asking whether it may")
        return result

    def _call(self, asked: Asked, request_id: str, connection: Connection) -> Call:
        now = self.clock.now()
        caller = self._identify(connection, asked.organisation, asked.person, now)
        if caller is None:
            raise Refusal((Finding(reason=NOT_AUTHENTICATED),))
        return Call(
            method=asked.method,
            caller=caller,
            request_id=request_id,
            language=asked.language,
            purpose=asked.purpose,
            deadline=asked.deadline,
            now=now,
            clock=self.clock,
            settings=self.settings,
            transaction=connection,
            bus=self.bus,
        )

    def _guarded(self, asked: Asked, work: Callable[[], Any]) -> Any:
        request_id_in_log.set(asked.log_id)
        began = time.perf_counter()
        outcome = "OK"
        try:
            return self._tried_again(asked, work)
        except Refusal as refusal:
            outcome = refusal.findings[0].reason.name
            raise
        except Exception as error:
            outcome = "INTERNAL"
            _log.exception("call failed", extra={"method": asked.method, "error_id": asked.log_id})
            raise Refusal((Finding(reason=INTERNAL, values={"error_id": asked.log_id}),)) from error
        finally:
            _log.debug("call", extra={"method": asked.method, "organisation": asked.organisation, "outcome": outcome,
                                      "ms": round((time.perf_counter() - began) * 1e3, 2)})  # fmt: skip

    def _tried_again(self, asked: Asked, work: Callable[[], Any]) -> Any:
        for attempt in range(_TRIES):
            if asked.deadline is not None and datetime.now(asked.deadline.tzinfo) > asked.deadline:
                raise Refusal((Finding(reason=DEADLINE),))
            try:
                return work()
            except DBAPIError as error:
                if not is_transient(error):
                    raise
                _log.warning("transaction tried again", extra={"method": asked.method, "error": str(error.orig)[:200]})
                time.sleep(0.05 * 2**attempt)
        raise Refusal((Finding(reason=BUSY),))
