"""The figures on the wire."""

from __future__ import annotations

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services import registry
from services.errors import Finding, Refusal
from services.errors.common import FIELD_INVALID
from services.monitoring import figures
from services.monitoring.figures_store import Scope
from services.runtime.access import Relation
from services.runtime.call import Call


def get_figures(call: Call, request: pb.GetFiguresRequest) -> pb.GetFiguresResponse:
    relation = call.allow(_relations(call, request), subject=f"figures/{request.carrier_id or request.division}")
    try:
        first, last = figures.days_of(request.period)
    except ValueError:
        raise Refusal((Finding(reason=FIELD_INVALID, path="period", values={"field": "period"}),)) from None
    prefix = ""
    if relation is Relation.JURISDICTION:
        prefix = registry.division_prefix(request.division or call.caller.division)
    carrier = call.caller.organisation if relation is Relation.OWN else request.carrier_id
    found = figures.report(call.transaction, Scope(carrier, prefix, first, last), call.now)
    return pb.GetFiguresResponse(
        figures=[
            pb.Figure(
                kind=pb.FigureKind.Value(f"FIGURE_KIND_{one.kind.name}"),
                numerator=one.numerator,
                denominator=one.denominator,
                name_zh=one.kind.value,
                budget=one.budget,
                basis_zh=f"{one.kind.basis.zh}{one.kind.basis.article}",
                basis_verified=one.kind.basis.verified,
            )
            for one in found.figures
        ],
        refused=found.refused,
    )


def _relations(call: Call, request: pb.GetFiguresRequest) -> list[Relation]:
    if call.caller.is_authority:
        inside = request.division.startswith(registry.division_prefix(call.caller.division))
        return [Relation.JURISDICTION] * (not request.division or inside)
    return [Relation.OWN] * (request.carrier_id in ("", call.caller.organisation) and not request.division)
