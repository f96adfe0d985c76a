"""Everything the goods themselves forbid or ask for, in one pass over a load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.errors import Basis, Finding, Reason, Severity
from services.errors import goods as reasons
from services.goods.bases import basis_on
from services.goods.catalogue import Catalogue
from services.goods.explosives import check_explosives
from services.goods.mixing import check_mixing
from services.goods.model import Carriage, GoodsRow, Load, LoadLine, Mode
from services.goods.quantities import check_quantities
from services.goods.tanks import TankCodeUnreadable, TankFit, tank_fit
from services.goods.tunnels import CODES
from services.goods.vehicles import check_vehicle_type


def check_load(load: Load, catalogue: Catalogue, on: date) -> tuple[Finding, ...]:
    """Every finding about the load on that day; paths are ``lines[i].field``. Cleaned tanks are looked at by no rule."""
    return tuple(_check(load, catalogue, on))


def _check(load: Load, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    basis = basis_on("LIST", on)
    if basis is None:
        yield Finding(reason=reasons.GOODS_RULES_NOT_IN_FORCE, path="", rule="GD-00", values={"on": on.isoformat()})
    for number, line in enumerate(load.lines):
        yield from _check_figures(number, line)
        if line.is_dangerous:
            yield from _check_line(number, line, catalogue, basis, on)
    yield from check_quantities(load, catalogue, on)
    yield from check_mixing(load, catalogue, on)
    yield from check_explosives(load, catalogue, on)
    yield from check_vehicle_type(load, catalogue, on)


def _check_figures(number: int, line: LoadLine) -> Iterator[Finding]:
    for name in ("mass_g", "net_explosive_mass_g", "packages"):
        if getattr(line, name) < 0:
            values = {"problem_zh": f"{name} 为负数", "problem": f"{name} is negative"}
            yield Finding(
                reason=reasons.GOODS_LINE_INVALID, path=f"lines[{number}].{name}", rule="GD-01", values=values
            )


def _check_line(number: int, line: LoadLine, catalogue: Catalogue, basis: Basis | None, on: date) -> Iterator[Finding]:
    def found(reason: Reason, name: str, rule: str, severity: Severity, **values: str) -> Finding:
        stated = {"un": line.un_number, **values}
        return Finding(
            reason=reason, path=f"lines[{number}].{name}", severity=severity, rule=rule, basis=basis, values=stated
        )

    choice = catalogue.choose(line)
    rows = choice.rows
    if not rows:
        yield found(reasons.GOODS_UNKNOWN, "un_number", "GD-02", Severity.ERROR)
        return
    if not choice.packing_group_known:
        known = ", ".join(sorted({row.packing_group or "-" for row in rows}))
        yield found(
            reasons.GOODS_PACKING_GROUP_UNKNOWN, "packing_group", "GD-03", Severity.ERROR,
            packing_group=line.packing_group, known=known,
        )  # fmt: skip
    if len(rows) > 1 and len({_consequences(row) for row in rows}) > 1:
        yield found(reasons.GOODS_SEVERAL_ENTRIES, "un_number", "GD-04", Severity.WARNING, count=str(len(rows)))
    if any(row.carriage is Carriage.PROHIBITED for row in rows):
        yield found(reasons.GOODS_PROHIBITED, "un_number", "GD-05", Severity.ERROR)
    elif any(row.tunnel_code not in CODES for row in rows):
        yield found(reasons.GOODS_TUNNEL_UNKNOWN, "un_number", "RT-01", Severity.WARNING)
    disputed = sorted({column for row in rows for column in row.disputed})
    if disputed:
        yield found(reasons.GOODS_LISTS_DISAGREE, "un_number", "GD-06", Severity.WARNING, columns=", ".join(disputed))
    if line.mode is Mode.TANK:
        yield from _check_tank(number, line, rows, on)


def _consequences(row: GoodsRow) -> tuple[str, ...]:
    """What a rule would read of a row: rows that differ in none of it need no choice."""
    return (
        row.tunnel_code, row.tank_code, row.limited_quantity, row.excepted_quantity, row.division,
        row.classification_code, row.subsidiary, row.hazard_identification_number, row.carriage.value,
    )  # fmt: skip


# The legal test of a tank is its list of permitted media; codes are evidence beside it, so they only warn.
def _check_tank(number: int, line: LoadLine, rows: tuple[GoodsRow, ...], on: date) -> Iterator[Finding]:
    def found(reason: Reason, severity: Severity, **values: str) -> Finding:
        return Finding(
            reason=reason, path=f"lines[{number}].tank_code", severity=severity, rule="WB-05",
            basis=basis_on("TANK_CODES", on), values={"un": line.un_number, **values},
        )  # fmt: skip

    needs = sorted({row.tank_code for row in rows if row.tank_code})
    if not needs:
        yield found(reasons.GOODS_TANK_NOT_LISTED, Severity.WARNING)
        return
    if not line.tank_code:
        return
    try:
        fits = {need: tank_fit(line.tank_code, need) for need in needs}
    except TankCodeUnreadable:
        yield found(reasons.GOODS_TANK_CODE_UNREADABLE, Severity.ERROR, code=line.tank_code)
        return
    for fit, reason in (
        (TankFit.NO, reasons.GOODS_TANK_CODE_TOO_LOW),
        (TankFit.BY_HAND, reasons.GOODS_TANK_CODE_BY_HAND),
    ):
        short = [need for need in needs if fits[need] is fit]
        if short:
            yield found(reason, Severity.WARNING, have=line.tank_code, need=", ".join(short))
            return
