"""Limited and excepted quantities (Measures Art 16 to 21): what may travel so, and up to where it is ordinary cargo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.errors import Finding, Severity
from services.errors import goods as reasons
from services.goods.bases import basis_on, policy_on
from services.goods.catalogue import Catalogue
from services.goods.model import Load, LoadLine, Regime

RULE = "WB-08"


def is_ordinary_cargo(load: Load, on: date) -> bool:
    """Whether everything dangerous aboard travels in limited or excepted quantities within both thresholds."""
    lines = [line for line in load.lines if line.is_dangerous]
    if any(line.quantity_regime is Regime.NORMAL for line in lines):
        return False
    packages, gross = policy_on("EQ_PACKAGES", on), policy_on("LQ_GROSS", on)
    if packages is None or gross is None:
        return not lines
    return eq_packages(load) <= packages.value and lq_gross_g(load) <= gross.value


def eq_packages(load: Load) -> int:
    """Packages of dangerous goods in excepted quantities (例外数量)."""
    return sum(line.packages for line in load.lines if line.quantity_regime is Regime.EQ and line.is_dangerous)


def lq_gross_g(load: Load) -> int:
    """Gross mass of dangerous goods in limited quantities (有限数量)."""
    return sum(line.mass_g for line in load.lines if line.quantity_regime is Regime.LQ and line.is_dangerous)


def check_quantities(load: Load, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    """Findings of the lines in limited or excepted quantities; silent about loads without any."""
    limited = False
    for number, line in enumerate(load.lines):
        if line.quantity_regime is Regime.NORMAL or not line.is_dangerous:
            continue
        limited |= line.quantity_regime is Regime.LQ
        yield from _check_line(number, line, catalogue, on)
    if limited:
        yield from _check_explosives(load, catalogue, on)
    yield from _check_thresholds(load, on)


def _check_line(number: int, line: LoadLine, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    rows = catalogue.choose(line).rows
    missing = [("packages", "包件数", "its packages", line.packages)]
    if line.quantity_regime is Regime.LQ:
        refused, reason = any(row.limited_quantity in ("", "0") for row in rows), reasons.GOODS_LQ_NOT_PERMITTED
        missing.append(("mass_g", "总质量", "its gross mass", line.mass_g))
    else:
        refused, reason = any(row.excepted_quantity in ("", "E0") for row in rows), reasons.GOODS_EQ_NOT_PERMITTED
    basis = basis_on("QUANTITIES", on)
    if refused:
        yield Finding(
            reason=reason,
            path=f"lines[{number}].quantity_regime",
            rule=RULE,
            basis=basis,
            values={"un": line.un_number},
        )
    for name, zh, en, value in missing:
        if value <= 0:
            yield Finding(
                reason=reasons.GOODS_QUANTITY_NOT_STATED, path=f"lines[{number}].{name}", rule=RULE, basis=basis,
                values={"regime": line.quantity_regime.value, "zh": zh, "en": en},
            )  # fmt: skip


def _check_explosives(load: Load, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    for number, line in enumerate(load.lines):
        if line.quantity_regime is not Regime.NORMAL or not line.is_dangerous:
            continue
        if any(row.is_explosive for row in catalogue.choose(line).rows):
            yield Finding(
                reason=reasons.GOODS_LQ_WITH_EXPLOSIVES, path=f"lines[{number}]", rule=RULE,
                basis=basis_on("LQ_EXPLOSIVES", on), values={"un": line.un_number},
            )  # fmt: skip


def _check_thresholds(load: Load, on: date) -> Iterator[Finding]:
    for regime, name, amount, unit in (
        ("EQ", "EQ_PACKAGES", eq_packages(load), "件 packages"),
        ("LQ", "LQ_GROSS", lq_gross_g(load), "克 g"),
    ):
        policy = policy_on(name, on)
        if policy is not None and amount > policy.value:
            yield Finding(
                reason=reasons.GOODS_NOT_ORDINARY_CARGO, path="lines", severity=Severity.WARNING, rule=RULE,
                basis=policy.basis, values={"regime": regime, "amount": f"{amount} {unit}", "limit": f"{policy.value} {unit}"},
            )  # fmt: skip
