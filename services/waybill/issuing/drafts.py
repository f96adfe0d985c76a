"""Waybills on their way to being issued: what they are judged by is read once for all, and they are kept together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services import traceability
from services.errors import Finding, Findings, Refusal, deduplicated, refuse, warnings_among
from services.errors.common import invalid
from services.errors.waybill.issuing import REFERENCE_TAKEN, WAYBILL_EXISTS
from services.runtime.access import Relation
from services.runtime.call import Call
from services.traceability import Registered
from services.waybill import store as waybills
from services.waybill.consignment import drawing
from services.waybill.consignment.model import Draw
from services.waybill.facts import Facts
from services.waybill.gathering import catalogue_of, decision_on, grounds_of, on_route
from services.waybill.issuing import references_store, store
from services.waybill.issuing.numbers import Numbers, check_offline, licence_of
from services.waybill.issuing.references_store import references_of
from services.waybill.issuing.store import Issued
from services.waybill.model import State, Waybill
from services.waybill.occupancy import store as occupancy
from services.waybill.occupancy.laying_out import in_the_way
from services.waybill.relations import index_of
from services.waybill.revision.model import Revision, RevisionState, Signer
from services.waybill.revision.rules import diff
from services.waybill.rules import check_issue
from services.waybill.store import Kept
from services.waybill.trip import Trip
from services.waybill.wire import waybill_from_wire

METHOD = "hazway.waybill.v1.WaybillService/IssueWaybill"
# Nobody plans further, and a trip that holds vehicle and crew for longer is a mistake.
_AHEAD, _LONGEST, _BACK = timedelta(days=180), timedelta(days=30), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """A request to issue, read, and what is wrong with how it is written."""

    request: Any
    waybill: Waybill
    findings: Findings


@dataclass(slots=True)
class Outcome:
    """What became of a draft; ``registered`` once it is kept, never where it stood before or was only to be judged."""

    kept: Kept
    warnings: Findings = ()
    registered: Registered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A draft that may be issued, on what grounds, and its statement, verified."""

    waybill: Waybill
    facts: Facts
    draws: tuple[Draw, ...]
    decision: dict[str, Any]
    act: traceability.Act
    outcome: Outcome


def draft_of(call: Call, request: Any) -> Draft:
    """The carrier alone issues. Raises a refusal NOT_FOUND."""
    is_carrier = request.waybill.carrier.organisation_id == call.caller.organisation
    call.allow([Relation.CARRYING] if is_carrier else [], subject=f"waybill/{request.waybill.id}")
    read = waybill_from_wire(request.waybill)
    return Draft(request, read.value, (*read.findings, *check_offline(call, read.value, request.offline_number)))


def hold(call: Call, drafts: Sequence[Draft]) -> None:
    """Nobody else disposes of what these need until the transaction ends; all in one order, so nobody waits in a ring."""
    waybills = [each.waybill for each in drafts if not each.request.validate_only]
    names = {name for each in waybills for name in occupancy.resources_of(each)}
    if names:
        occupancy.hold(call.transaction, names)
    drawing.hold(call, waybills)


class Issuing:
    """Drafts of one carrier, issued one after the other: each counts for those after it. What they need is held."""

    def __init__(self, call: Call, drafts: Sequence[Draft], numbers: Numbers) -> None:
        stated = [each.waybill for each in drafts]
        self._call, self._numbers, self._catalogue = call, numbers, catalogue_of(call)
        self._grounds = grounds_of(call.transaction, stated, call.now, now=call.now)
        self._taken = waybills.taken(call.transaction, {each.id for each in stated})
        self._references = references_store.find(
            call.transaction, call.caller.organisation, {each for one in stated for each in references_of(one)}
        )
        self._issued: dict[str, Kept] = {}
        self._waiting: list[Accepted] = []

    def issue(self, draft: Draft) -> Outcome:
        """Judge, number and queue it for ``keep``; what was issued before under a number of the carrier's own is told again.

        Raises a refusal with everything that is wrong.
        """
        earlier = self._earlier(draft.waybill)
        if earlier is not None:
            return Outcome(earlier)
        facts, draws, warnings = self._judge(draft)
        if draft.request.validate_only:
            self._counts(draft.waybill)
            return Outcome(Kept(draft.waybill, 0), warnings)
        act = traceability.stated(self._call, draft.request, method=METHOD)
        number = draft.request.offline_number or self._numbers.next(
            licence_of(draft.waybill.carrier_id, facts.registry)
        )
        waybill = replace(draft.waybill, state=State.ISSUED, number=number, revision=1, issued_at=self._call.now)
        decision = {**decision_on(facts, self._catalogue), **drawing.decision(draws)}
        outcome = Outcome(Kept(waybill, 1), warnings)
        accepted = Accepted(
            waybill=waybill,
            facts=facts,
            draws=draws,
            decision=decision,
            act=act.decided(number, decision),
            outcome=outcome,
        )
        self._waiting.append(accepted)
        self._counts(waybill)
        return outcome

    def make_way(self, draft: Draft) -> None:
        """Keep those before it that draw on the same consignment lists: what is left of a list is read from the database.

        Raises as ``keep`` does.
        """
        lists = set(draft.waybill.consignment_list_ids)
        if lists and any(lists.intersection(each.waybill.consignment_list_ids) for each in self._waiting):
            self.keep()

    def keep(self) -> None:
        """Put on record and keep what was accepted, all or none. Raises a refusal when somebody else was faster."""
        call, accepted = self._call, self._waiting
        self._waiting = []
        if not accepted:
            return
        for each, registered in zip(accepted, traceability.register(call, [one.act for one in accepted]), strict=True):
            each.outcome.registered = registered
        try:
            store.insert(call.transaction, [_issued(call, each) for each in accepted], call.now)
        except store.Taken:
            raise Refusal((_exists(accepted[0].waybill),)) from None
        except store.ReferenceTaken:
            raise Refusal((Finding(reason=REFERENCE_TAKEN, path="waybill.external_refs"),)) from None
        except occupancy.Overlap:
            raise in_the_way(call.now) from None
        for each in accepted:
            drawing.keep(call, each.waybill.id, each.draws)

    def _judge(self, draft: Draft) -> tuple[Facts, tuple[Draw, ...], Findings]:
        call, waybill = self._call, draft.waybill
        departure = waybill.planned_departure or call.now
        known = self._grounds.of(waybill, departure)
        gathered = on_route(call.transaction, Trip(waybill, known, self._catalogue, call.now), departure)
        allotted = drawing.allotted(call, waybill)
        findings = deduplicated(
            (
                *draft.findings,
                *_times(waybill, call.now),
                *((_exists(waybill),) if waybill.id in self._taken else ()),
                *gathered.findings,
                *check_issue(waybill, gathered.facts, self._catalogue, call.now),
                *allotted.findings,
            )
        )
        refuse(findings)
        return gathered.facts, allotted.draws, warnings_among(findings)

    def _counts(self, waybill: Waybill) -> None:
        self._grounds.add(waybill)
        self._taken.add(waybill.id)
        self._issued[waybill.id] = Kept(waybill, 1)
        self._references |= dict.fromkeys(references_of(waybill), waybill.id)

    def _earlier(self, waybill: Waybill) -> Kept | None:
        """The waybill issued before under one of the carrier's own numbers, when it says the same.

        Raises a refusal REFERENCE_TAKEN that names it when it says something else: it is to be amended.
        """
        found = {self._references[each] for each in references_of(waybill) if each in self._references}
        if not found:
            return None
        first = min(found)
        kept = self._issued.get(first) or waybills.find(self._call.transaction, first)
        if len(found) > 1 or kept is None or any(_stated_changes(kept.waybill, waybill)):
            values = {"waybill": kept.waybill.number if kept else "-", "id": first}
            raise Refusal((Finding(reason=REFERENCE_TAKEN, path="waybill.external_refs", values=values),))
        return kept


def _issued(call: Call, accepted: Accepted) -> Issued:
    waybill, registered = accepted.waybill, accepted.outcome.registered
    carrier = frozenset({Signer.CARRIER})
    revision = Revision(
        id=f"{waybill.id}:1", waybill_id=waybill.id, number=1, author=call.caller.organisation, reason="", at=call.now,
        changes=(), required=carrier, signed=carrier, state=RevisionState.MADE,
    )  # fmt: skip
    return Issued(
        waybill=waybill, index=index_of(waybill, accepted.facts), revision=revision, decision=accepted.decision,
        registered=registered.digest if registered else b"",
    )  # fmt: skip


def _stated_changes(kept: Waybill, waybill: Waybill) -> Iterator[str]:
    """Where a waybill sent again differs from the one kept, but for the id and what the server writes."""
    again = replace(waybill, id=kept.id, number=kept.number, issued_at=kept.issued_at)
    written = ("delivered_g", "returned_g", "signed_by", "signed_at", "refused_reason")
    return (change.path for change in diff(kept, again) if not change.path.endswith(written))


def _times(waybill: Waybill, now: datetime) -> Iterator[Finding]:
    departure, arrival = waybill.planned_departure, waybill.planned_arrival
    offline = waybill.issued_offline_at or now
    if offline > now:
        yield invalid("waybill.issued_offline_at", "lies in the future 晚于当前时间")
    if departure is not None and not min(offline, now) - _BACK <= departure <= now + _AHEAD:
        yield invalid("waybill.planned_departure", "more than a day ago or half a year ahead 早于一天前或晚于半年后")
    if departure is not None and arrival is not None and arrival - departure > _LONGEST:
        yield invalid("waybill.planned_arrival", "more than 30 days after the departure 超过出发后30天")


def _exists(waybill: Waybill) -> Finding:
    """Whose it is, is not told."""
    return Finding(reason=WAYBILL_EXISTS, path="waybill.id", values={"id": waybill.id})
