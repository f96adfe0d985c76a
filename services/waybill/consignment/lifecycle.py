"""The life of a consignment list: one table of (state, act) → state, and the reason for every other pair. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from services.errors import Finding
from services.errors.waybill.consignment import CONSIGNMENT_STATE
from services.errors.waybill.under_way import REASON_NEEDED
from services.waybill.consignment.model import ConsignmentList, ListState


class ListAct(Enum):
    AMEND = "AMEND"
    ACCEPT = "ACCEPT"
    REFUSE = "REFUSE"
    WITHDRAW = "WITHDRAW"


# What waybills draw moves a list between ACCEPTED, PART_ALLOTTED and ALLOTTED by itself.
TABLE: Mapping[tuple[ListState, ListAct], ListState] = {
    (ListState.OFFERED, ListAct.AMEND): ListState.OFFERED,
    (ListState.OFFERED, ListAct.ACCEPT): ListState.ACCEPTED,
    (ListState.OFFERED, ListAct.REFUSE): ListState.REFUSED,
    (ListState.OFFERED, ListAct.WITHDRAW): ListState.WITHDRAWN,
    (ListState.REFUSED, ListAct.AMEND): ListState.OFFERED,
    (ListState.REFUSED, ListAct.WITHDRAW): ListState.WITHDRAWN,
    (ListState.ACCEPTED, ListAct.WITHDRAW): ListState.WITHDRAWN,
    (ListState.PART_ALLOTTED, ListAct.WITHDRAW): ListState.WITHDRAWN,
}


def check_act(offered: ConsignmentList, act: ListAct) -> tuple[Finding, ...]:
    """Nothing when the act is possible now, else the one finding that says why not."""
    if (offered.state, act) in TABLE:
        return ()
    values = {"state": offered.state.value, "act": act.value}
    return (Finding(reason=CONSIGNMENT_STATE, path="consignment_list.state", rule="CL-01", values=values),)


def check_reason(reason: str) -> tuple[Finding, ...]:
    return () if reason.strip() else (Finding(reason=REASON_NEEDED, path="reason", rule="CL-01"),)
