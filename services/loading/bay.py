"""What every act of loading begins with: may the caller, what stands, and what is known of lorry, crew and goods."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from hazway.loading.v1 import loading_pb2 as pb
from services import registry, waybill
from services.errors import Finding, Refusal
from services.errors.common import NOT_FOUND
from services.errors.loading import NOTHING_TO_LOAD
from services.errors.waybill.revision import REVISION_OPEN
from services.goods import Catalogue
from services.loading import store
from services.loading.bases import RULES
from services.loading.model import CheckCode, Loading, Result, Seen, State
from services.loading.registry_says import Says, registry_says, trip_at_gate
from services.loading.rules import Judged
from services.registry.employment import employed_by
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.runtime.plain import to_plain
from services.runtime.refusals import finding_to_wire
from services.runtime.wire import text_of
from services.waybill import ForLoading
from services.waybill.gathering import catalogue_of, decision_on
from services.waybill.lifecycle import LEAVES_WITHOUT_LOADING, Act, check_act
from services.waybill.model import State as WaybillState
from services.waybill.model import Waybill
from services.waybill.trip import Trip

EDITION = "2026-11"  # of the rules of this slice: a change of a rule's meaning is a new edition


@dataclass(frozen=True)
class Bay:
    """The loading as it stands, of the waybill as it stands; ``stale`` when the waybill moved on since."""

    call: Call
    work: ForLoading
    loading: Loading
    stale: bool

    @property
    def waybill(self) -> Waybill:
        return self.work.waybill

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogue_of(self.call)

    @cached_property
    def trip(self) -> Trip:
        return trip_at_gate(self.waybill, self.work.facts, self.catalogue, self.call.now)

    @cached_property
    def says(self) -> Mapping[CheckCode, Says]:
        return registry_says(self.trip, self.waybill)

    def guards(self) -> Iterator[Finding]:
        """Whether the waybill is one that can be loaded now."""
        if self.waybill.kind in LEAVES_WITHOUT_LOADING:
            values = {"kind": self.waybill.kind.value}
            yield Finding(reason=NOTHING_TO_LOAD, path="waybill_id", rule="LC", basis=RULES["LC"], values=values)
        act = Act.VOID_CLEARANCE if self.waybill.state is WaybillState.LOADED else Act.CLEAR
        yield from check_act(self.waybill, act, self.call.now)

    def settled(self) -> Iterator[Finding]:
        """Nothing is permitted or cleared while a correction of the waybill is open."""
        if self.waybill.under_correction:
            values = {"revision": self.waybill.under_correction, "author": "-"}
            yield Finding(reason=REVISION_OPEN, path="waybill_id", rule="LC", basis=RULES["LC"], values=values)

    def decision(self, **more: Any) -> dict[str, Any]:
        """The grounds of a decision, as its registration keeps them."""
        return {**decision_on(self.work.facts, self.catalogue), "loading_rules": EDITION, **more}

    def keep(self, loading: Loading) -> None:
        if self.stale:
            store.void_record(
                self.call.transaction, self.waybill.id, "the waybill has changed 运单已变更", self.call.now
            )
        store.keep(self.call.transaction, loading, self.call.caller.organisation, self.call.now)


def standing(call: Call, waybill_id: str, *, lock: bool = True) -> Bay:
    """The bay of a waybill, for a caller the table lets act on it. Raises a refusal NOT_FOUND."""
    readable = not text_of(waybill_id, "waybill_id", required=True)
    call.allow(waybill.relations(call, waybill_id) if readable else (), subject=f"waybill/{waybill_id}")
    work = waybill.for_loading(call.transaction, waybill_id, call.now, lock=lock)
    if work is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    kept = store.find(call.transaction, waybill_id)
    stale = kept is not None and _is_stale(kept, work)
    if kept is None:
        kept = Loading(waybill_id=waybill_id, revision=work.waybill.revision)
    return Bay(call, work, _again(kept, work.waybill.revision) if stale else kept, stale)


def _is_stale(loading: Loading, work: ForLoading) -> bool:
    """The waybill has another revision, or has lost the clearance this loading gave it."""
    clearance = work.clearance
    lost = loading.state is State.RECORDED and (
        clearance is None
        or clearance.voided_at is not None
        or loading.record is None
        or clearance.loading_record_id != loading.record.id
    )
    return loading.revision != work.waybill.revision or lost


def _again(loading: Loading, revision: int) -> Loading:
    """From the beginning; what the registry said when somebody last looked still tells what changed."""
    state = State.APPOINTED if loading.appointment else State.NEW
    return Loading(
        waybill_id=loading.waybill_id,
        revision=revision,
        state=state,
        appointment=loading.appointment,
        seen=tuple(replace(each, result=None, contested=False) for each in loading.seen),
    )


def own_people(call: Call, person_ids: Iterable[str]) -> tuple[frozenset[str], Mapping[str, str]]:
    """Those of these who work for the caller today, and the versions of the facts that say so."""
    facts = registry.facts_at(call.transaction, call.now, persons={each for each in person_ids if each})
    today, organisation = legal_day(call.now), call.caller.organisation
    people = {thing for thing, person in facts.persons.items() if employed_by(person, organisation, today)}
    return frozenset(people), facts.versions


def seen_now(says: Mapping[CheckCode, Says], judged: Iterable[Judged] = ()) -> tuple[Seen, ...]:
    """What is kept of a look, to tell next time what changed."""
    by_code = {each.code: each for each in judged}
    return tuple(
        Seen(
            code=code,
            digest=_digest(each),
            result=by_code[code].result if code in by_code else None,
            contested=code in by_code and by_code[code].contested,
        )
        for code, each in says.items()
    )


def _digest(says: Says) -> str:
    said = [says.applies, says.known, [(each.reason.name, sorted(each.values.items())) for each in says.findings]]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def statuses(
    says: Mapping[CheckCode, Says], seen: Iterable[Seen], judged: Iterable[Judged] = ()
) -> Iterator[pb.ItemStatus]:
    """Every item as the wire shows it; without ``judged`` the results are those of the last check."""
    last = {each.code: each for each in seen}
    fresh = {each.code: each for each in judged}
    for code, each in says.items():
        before, now = last.get(code), fresh.get(code)
        result = now.result if now else before.result if before else None
        yield pb.ItemStatus(
            code=pb.CheckCode.Value(f"CHECK_CODE_{code.name}"),
            applies=each.applies,
            changed=before is None or before.digest != _digest(each),
            known=each.known,
            findings=map(finding_to_wire, now.findings if now else each.findings),
            result=result_to_wire(result),
            contested=now.contested if now else before is not None and before.contested,
        )


def result_to_wire(result: Result | None) -> pb.Result.ValueType:
    return pb.Result.Value(f"RESULT_{result.name if result else 'UNSPECIFIED'}")


def state_to_wire(state: State) -> pb.State.ValueType:
    return pb.State.Value(f"STATE_{state.name}")


def judged_as_plain(judged: Iterable[Judged]) -> list[dict[str, Any]]:
    """What a check came to, as it is kept beside it."""
    return [
        {
            "code": each.code.name,
            "result": each.result.name,
            "contested": each.contested,
            "findings": [
                {"reason": one.reason.name, "severity": one.severity.name, "values": to_plain(dict(one.values))}
                for one in each.findings
            ],
        }
        for each in judged
    ]
