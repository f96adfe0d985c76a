"""One-time codes 一次性签收码 for a taker without an account: bound to one statement, for a day, dead after a few wrong guesses.

A code follows from the giver's statement, its serial and a key outside the database; it is kept nowhere. Whoever brings it
to the taker is on the taker's side or the operator's (whose gateway may send it to the taker's phone): the giver never
learns it from us.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hazway.waybill.v1 import handover_pb2 as pb
from services.errors import Refusal, refuse
from services.errors.waybill.handover import HANDOVER_CODE_DEAD
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.runtime.keyfile import key_from
from services.runtime.settings import Settings
from services.runtime.wire import to_wire
from services.waybill.handover import store
from services.waybill.handover.found import found
from services.waybill.handover.model import Handover
from services.waybill.handover.rules import check_open, finding, may_carry_code
from services.waybill.handover.store import Code

DIGITS = 6
MOST_TRIES = 5
GOOD_FOR = timedelta(hours=24)


def get_handover_code(call: Call, request: Any) -> pb.GetHandoverCodeResponse:
    """For the taker's side. Raises a refusal HANDOVER_CODE_DEAD for one that nobody can use any more."""
    handover = _carried(call, request)
    code = living(call, handover)
    response = pb.GetHandoverCodeResponse(
        code=code_text(call.settings, handover, code.serial), attempts_left=MOST_TRIES - code.tries
    )
    response.expires_at.FromDatetime(code.expires_at)
    if handover.taker is not None:
        to_wire(handover.taker, response.taker)
    return response


def renew_handover_code(call: Call, request: Any) -> pb.RenewHandoverCodeResponse:
    """The code before is dead."""
    handover = _carried(call, request)
    before = store.code_of(call.transaction, handover.id)
    code = fresh(call.now, before.serial + 1 if before else 1)
    store.put_code(call.transaction, handover.id, code)
    response = pb.RenewHandoverCodeResponse()
    response.expires_at.FromDatetime(code.expires_at)
    return response


def fresh(now: datetime, serial: int = 1) -> Code:
    return Code(serial=serial, tries=0, expires_at=now + GOOD_FOR)


def living(call: Call, handover: Handover) -> Code:
    """Raises a refusal HANDOVER_CODE_DEAD."""
    code = store.code_of(call.transaction, handover.id)
    if code is None or call.now >= code.expires_at:
        raise _dead(call.now, "已过期", "it has run out")
    if code.tries >= MOST_TRIES:
        raise _dead(call.now, "错误次数过多", "it was guessed at too often")
    return code


def is_right(call: Call, handover: Handover, code: Code, typed: str) -> bool:
    """A wrong one is counted, in the transaction that answers it."""
    right = hmac.compare_digest(code_text(call.settings, handover, code.serial).encode(), typed.strip().encode())
    if not right:
        store.put_code(call.transaction, handover.id, replace(code, tries=code.tries + 1))
    return right


def code_text(settings: Settings, handover: Handover, serial: int) -> str:
    key = key_from(settings.home / "keys" / "handover-codes.key", lambda: secrets.token_bytes(32))
    said = handover.statement_digest + serial.to_bytes(8, "big")
    return f"{int.from_bytes(hmac.digest(key, said, hashlib.sha256), 'big') % 10**DIGITS:0{DIGITS}}"


def _carried(call: Call, request: Any) -> Handover:
    """The waiting hand-over, for who may bring its code to the taker; it is kept who did."""
    of = found(call, request)
    relations = []
    if may_carry_code(of.kept.waybill, of.handover, call.caller.organisation):
        relations.append(Relation.OWN)
    if Role.OPERATOR in call.caller.roles:
        relations.append(Relation.ANY)
    call.allow(relations, subject=f"waybill/{of.handover.waybill_id}", logged=True)
    refuse(check_open(of.kept.waybill, of.handover, call.now))
    return of.handover


def _dead(now: datetime, problem_zh: str, problem: str) -> Refusal:
    return Refusal((finding(HANDOVER_CODE_DEAD, "code", now, problem_zh=problem_zh, problem=problem),))
