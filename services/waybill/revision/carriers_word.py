"""A change of what is assigned that holds at once by the carrier's word: the revision it makes."""

from __future__ import annotations

from hazway import ids
from services.runtime.call import Call
from services.waybill.model import Waybill
from services.waybill.revision import store
from services.waybill.revision.model import Revision, RevisionState, Signer
from services.waybill.revision.rules import diff


def revision_by_word(call: Call, old: Waybill, new: Waybill, reason: str, *, crew_signs: bool) -> Revision:
    """Made, and signed by the carrier; ``crew_signs``: the new crew's signature is waited for, and blocks nothing."""
    carrier = frozenset({Signer.CARRIER})
    return Revision(
        id=ids.new_id(), waybill_id=old.id, number=store.next_number(call.transaction, old.id), author=call.caller.organisation,
        reason=reason, at=call.now, changes=tuple(diff(old, new)), signed=carrier, state=RevisionState.MADE,
        required=carrier | {Signer.CREW} if crew_signs else carrier,
    )  # fmt: skip
