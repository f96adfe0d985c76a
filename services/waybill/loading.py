"""The door of those who load: what they check against, the clearance they give and take back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from services import goods
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND
from services.errors.waybill.under_way import CLEARANCE_VOID
from services.goods import Catalogue
from services.waybill import clearances_store, store
from services.waybill.acts import moved
from services.waybill.facts import Facts
from services.waybill.gathering import gather
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Clearance, GoodsLine, State, Waybill
from services.waybill.rules.quantities import check_actual
from services.waybill.store import Kept
from services.waybill.trip_fact import tell


@dataclass(frozen=True, slots=True)
class ForLoading:
    """A waybill beside all that is known of what takes part; ``clearance`` is the last one given, also when void."""

    waybill: Waybill
    facts: Facts
    clearance: Clearance | None


def for_loading(
    connection: Connection, waybill_id: str, at: datetime, *, lock: bool = False, catalogue: Catalogue | None = None
) -> ForLoading | None:
    """What the loader checks against at ``at``; ``None`` for a waybill that is not there.

    With ``lock`` nobody else changes the waybill until the transaction ends.
    """
    kept = store.find(connection, waybill_id, lock=lock)
    if kept is None:
        return None
    facts = gather(connection, kept.waybill, at, now=at, catalogue=catalogue)
    return ForLoading(kept.waybill, facts, clearances_store.find(connection, waybill_id))


def check_quantities(
    connection: Connection,
    waybill_id: str,
    actual_g: Mapping[int, int],
    at: datetime,
    catalogue: Catalogue | None = None,
) -> tuple[Finding, ...]:
    """LC-07: the quantities of a loading record (grams by goods line number) against order, tank and vehicle.

    Raises a refusal NOT_FOUND.
    """
    kept = _kept(connection, waybill_id, lock=False)
    facts = gather(connection, kept.waybill, at, now=at, catalogue=catalogue)
    return check_actual(kept.waybill, facts, catalogue or goods.core(), actual_g, at)


def give_clearance(
    connection: Connection,
    waybill_id: str,
    *,
    revision: int,
    loading_record_id: str,
    loading_record_digest: bytes,
    actual_g: Mapping[int, int],
    at: datetime,
    catalogue: Catalogue | None = None,
) -> Waybill:
    """This revision was checked and loaded, with these grams by goods line number, and may leave; the waybill as it is now.

    Raises a refusal: NOT_FOUND, CLEARANCE_VOID when another revision stands, the life cycle's reason, or all that is
    wrong with the quantities. Given again by the same loading record while it lives, it changes nothing.
    """
    kept = _kept(connection, waybill_id)
    waybill = kept.waybill
    if _given(connection, waybill, revision, loading_record_id):
        return waybill
    refuse((*check_act(waybill, Act.CLEAR, at), *_same_revision(waybill, revision)))
    refuse(check_quantities(connection, waybill_id, actual_g, at, catalogue))
    clearance = Clearance(waybill_id=waybill_id, revision=revision, loading_record_id=loading_record_id, granted_at=at)
    if not clearances_store.insert(connection, clearance, loading_record_digest):
        problem = {"problem": f"loading record {loading_record_id} was used before 装货记录已使用"}
        raise Refusal((Finding(reason=CLEARANCE_VOID, path="loading_record_id", rule="DEPART", values=problem),))
    loaded = moved(waybill, Act.CLEAR, goods=tuple(_loaded(line, actual_g) for line in waybill.goods))
    facts = gather(connection, loaded, at, now=at, catalogue=catalogue)
    tell(connection, loaded, facts, catalogue or goods.core(), at, "LOADED")
    return store.update(connection, kept, loaded, at).waybill


def void_clearance(
    connection: Connection, waybill_id: str, *, reason: str, at: datetime, catalogue: Catalogue | None = None
) -> bool:
    """The lorry may not leave as loaded, and nothing counts as aboard but what is left in a tank; whether there was a clearance.
    Raises a refusal once it has departed."""
    kept = _kept(connection, waybill_id)
    if kept.waybill.state is not State.LOADED:
        refuse(() if kept.waybill.state is State.ISSUED else check_act(kept.waybill, Act.VOID_CLEARANCE, at))
        return False
    clearances_store.void(connection, waybill_id, reason, at)
    emptied = without_clearance(kept.waybill)
    facts = gather(connection, emptied, at, now=at, catalogue=catalogue)
    tell(connection, emptied, facts, catalogue or goods.core(), at, "VOIDED")
    store.update(connection, kept, emptied, at)
    return True


def without_clearance(waybill: Waybill) -> Waybill:
    """What was loaded counts no more: it is to be loaded, or at least checked, again."""
    lines = tuple(replace(line, actual_mass_g=None) for line in waybill.goods)
    return moved(waybill, Act.VOID_CLEARANCE, goods=lines)


def _given(connection: Connection, waybill: Waybill, revision: int, loading_record_id: str) -> bool:
    clearance = clearances_store.find(connection, waybill.id)
    return (
        clearance is not None
        and clearance.voided_at is None
        and (clearance.revision, clearance.loading_record_id) == (revision, loading_record_id)
    )


def _same_revision(waybill: Waybill, revision: int) -> tuple[Finding, ...]:
    if waybill.revision == revision:
        return ()
    problem = {"problem": f"revision {waybill.revision} stands, not {revision} 现行版本为 {waybill.revision}"}
    return (Finding(reason=CLEARANCE_VOID, path="revision", rule="DEPART", values=problem),)


def _loaded(line: GoodsLine, actual_g: Mapping[int, int]) -> GoodsLine:
    return replace(line, actual_mass_g=actual_g[line.number]) if line.number in actual_g else line


def _kept(connection: Connection, waybill_id: str, *, lock: bool = True) -> Kept:
    kept = store.find(connection, waybill_id, lock=lock)
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    return kept
