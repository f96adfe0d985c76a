"""One call: who asks, what for, until when, and the transaction its effects go into."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, text

from services.errors import Finding, Refusal
from services.errors.common import FIELD_MISSING, NOT_ALLOWED, NOT_FOUND
from services.runtime.access import AUTHORITIES, Relation, Role, open_relations
from services.runtime.bus import Bus
from services.runtime.clock import Clock
from services.runtime.settings import Settings


class Language(Enum):
    CHINESE = "zh"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is on the line, as the certificate or token says and the registry confirms.

    ``division`` is the six-digit administrative code (GB/T 2260) of an authority; trailing ``00`` widen it.
    """

    organisation: str
    person: str = ""
    roles: frozenset[Role] = frozenset()
    division: str = ""

    @property
    def is_authority(self) -> bool:
        return bool(self.roles & AUTHORITIES)


@dataclass(slots=True, kw_only=True)
class Call:
    """Handed to every unary handler; the handler must ask ``allow`` before it answers, or the call fails."""

    method: str
    caller: Caller
    request_id: str
    language: Language
    purpose: str
    deadline: datetime | None
    now: datetime
    clock: Clock
    settings: Settings
    transaction: Connection
    bus: Bus
    allowed: bool = False
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    def allow(
        self, relations: Iterable[Relation], *, subject: str = "", again: bool = False, logged: bool = False
    ) -> Relation:
        """Pass when the table opens the method to one of the caller's ``relations``; tell which.

        Raises a refusal NOT_ALLOWED when the role may never use the method, and NOT_FOUND when it may, but not for
        this thing: unknown and not yours look the same. A look by jurisdiction is logged with its purpose, but not when
        a stream that was allowed to look does so ``again``; any other look when it is to be ``logged``, for secrets.
        """
        opened = open_relations(self.method, self.caller.roles)
        if not opened:
            raise Refusal((Finding(reason=NOT_ALLOWED),))
        usable = [relation for relation in relations if relation in opened]
        if not usable:
            raise Refusal((Finding(reason=NOT_FOUND),))
        chosen = next((relation for relation in usable if relation is not Relation.JURISDICTION), usable[0])
        if chosen is Relation.JURISDICTION and not again:
            self._check_purpose()
        if logged or (chosen is Relation.JURISDICTION and not again):
            self._log_look(subject)
        self.allowed = True
        return chosen

    def on_commit(self, act: Callable[[], None]) -> None:
        """Run ``act`` after the transaction is durable; it must be a hint that may be lost (a wake-up)."""
        self.after_commit.append(act)

    def _check_purpose(self) -> None:
        if not self.purpose:
            raise Refusal(
                (Finding(reason=FIELD_MISSING, path="hazway-purpose", values={"field": "hazway-purpose 查询事由"}),)
            )

    def _log_look(self, subject: str) -> None:
        self.transaction.execute(
            text(
                "INSERT INTO runtime_looks (organisation, person, method, subject, purpose, request_id, looked_at)"
                " VALUES (:organisation, :person, :method, :subject, :purpose, :request_id, :at)"
            ),
            {
                "organisation": self.caller.organisation,
                "person": self.caller.person,
                "method": self.method,
                "subject": subject,
                "purpose": self.purpose[:500],
                "request_id": self.request_id,
                "at": self.now,
            },
        )
