"""The tunnel restriction codes of ADR 8.6.4, as data, and what they make of a whole load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from services.errors import Basis
from services.goods.bases import basis_on, limit_g, policy_on
from services.goods.catalogue import Catalogue
from services.goods.model import NO_RESTRICTION, TUNNEL_CATEGORIES, GoodsRow, Load, LoadLine, Mode, Regime, TankState


@dataclass(frozen=True, slots=True)
class TunnelCode:
    """The lowest category a code forbids, by carriage mode; above ``mass_limit`` (a policy name) ``above`` holds instead."""

    tank: str
    bulk: str
    packages: str
    mass_limit: str = ""
    above: str = ""


def _same(category: str) -> TunnelCode:
    return TunnelCode(category, category, category)


CODES: Mapping[str, TunnelCode] = {
    "B": _same("B"),
    "B1000C": TunnelCode("C", "C", "C", "TUNNEL_B1000C", "B"),
    "B/D": TunnelCode("B", "D", "D"),
    "B/E": TunnelCode("B", "E", "E"),
    "C": _same("C"),
    "C5000D": TunnelCode("D", "D", "D", "TUNNEL_C5000D", "C"),
    "C/D": TunnelCode("C", "D", "D"),
    "C/E": TunnelCode("C", "E", "E"),
    "D": _same("D"),
    "D/E": TunnelCode("D", "D", "E"),  # the one code for which bulk counts as tank
    "E": _same("E"),
    NO_RESTRICTION: _same(""),
}


@dataclass(frozen=True, slots=True)
class TunnelReason:
    """Why: the line (or -1 for the load as a whole), its code, the lowest category it forbids, in two languages.

    ``lowest_forbidden`` is empty where nothing is forbidden, ``?`` where nobody can tell.
    """

    line: int
    un_number: str
    tunnel_code: str
    lowest_forbidden: str
    zh: str
    en: str
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class TunnelJudgement:
    """Every category is in exactly one of the three; ``unknown`` must be decided by hand, never taken for allowed."""

    allowed: tuple[str, ...]
    forbidden: tuple[str, ...]
    unknown: tuple[str, ...]
    reasons: tuple[TunnelReason, ...]

    def allows(self, category: str) -> bool:
        """True only where the category is surely allowed."""
        return category in self.allowed


UNKNOWN = "?"


def tunnel_categories(load: Load, catalogue: Catalogue, on: date) -> TunnelJudgement:
    """Which tunnel categories the whole load may enter on that day: each line by its own mode, the strictest wins.

    Net explosive mass counts per transport unit, over all lines that are not exempt. Category A restricts nothing.
    """
    reasons: list[TunnelReason] = []
    counted = [(number, line) for number, line in enumerate(load.lines) if _counts(line)]
    net_explosive_g = _net_explosive_g([line for _, line in counted], catalogue)
    basis = basis_on("TUNNEL_CODES", on)
    for number, line in counted:
        reasons.append(_line_reason(number, line, catalogue, net_explosive_g, on, basis))
    limited = _limited_quantities(load, on)
    if limited is not None:
        reasons.append(limited)
    return _judgement(reasons)


def lowest_forbidden(code: str, mode: Mode, net_explosive_g: int, on: date) -> str:
    """The lowest category ``code`` forbids: empty for none, ``?`` for an empty or unheard-of code."""
    rule = CODES.get(code)
    if rule is None:
        return UNKNOWN
    if rule.mass_limit and net_explosive_g > limit_g(rule.mass_limit, on):
        return rule.above
    if mode is Mode.TANK:
        return rule.tank
    return rule.bulk if mode is Mode.BULK else rule.packages


def _net_explosive_g(lines: list[LoadLine], catalogue: Catalogue) -> int:
    """The sum aboard; above every threshold when a line of class 1 does not state its own."""
    if any(lacks_net_explosive_mass(line, catalogue) for line in lines):
        return _NO_LIMIT_G
    return sum(line.net_explosive_mass_g for line in lines)


_NO_LIMIT_G = 1 << 62


def lacks_net_explosive_mass(line: LoadLine, catalogue: Catalogue) -> bool:
    """Whether a line that may be of class 1 states no net explosive mass; what is empty need not."""
    if line.net_explosive_mass_g > 0 or line.tank_state not in _FULL:
        return False
    return any(row.is_explosive for row in catalogue.choose(line).rows)


_FULL = frozenset({TankState.LOADED, TankState.PART})


def _counts(line: LoadLine) -> bool:
    return line.is_dangerous and line.quantity_regime is Regime.NORMAL


def _line_reason(
    number: int, line: LoadLine, catalogue: Catalogue, net_explosive_g: int, on: date, basis: Basis | None
) -> TunnelReason:
    if basis is None:
        return _reason(
            number,
            line,
            "",
            UNKNOWN,
            None,
            "该日期无生效的隧道代码规则，须人工判定",
            "no tunnel rule in force on that day: decide by hand",
        )
    if line.tank_state is TankState.EMPTY_UNCLEANED:
        policy = policy_on("EMPTY_UNCLEANED_KEEPS_CODE", on)
        if policy is not None and not policy.value:
            return _reason(
                number,
                line,
                "",
                "",
                policy.basis,
                "未清洗空罐按现行政策不受限",
                "an empty uncleaned tank is free under the policy of that day",
            )
    choice = catalogue.choose(line)
    rows = choice.rows
    if not rows:
        return _reason(
            number, line, "", UNKNOWN, basis, "目录中没有该编号，须人工判定", "not in the catalogue: decide by hand"
        )
    if len(rows) == 1:
        return _row_reason(number, line, rows[0], net_explosive_g, on, basis)
    return _strictest_row(number, line, rows, net_explosive_g, on, basis)


def _row_reason(number: int, line: LoadLine, row: GoodsRow, net_g: int, on: date, basis: Basis) -> TunnelReason:
    code = row.tunnel_code
    lowest = lowest_forbidden(code, line.mode, net_g, on)
    zh, en = _words(code, line.mode, line.tank_state, lowest, net_g >= _NO_LIMIT_G)
    return TunnelReason(number, line.un_number, code, lowest, zh, en, basis)


def _strictest_row(
    number: int, line: LoadLine, rows: tuple[GoodsRow, ...], net_g: int, on: date, basis: Basis
) -> TunnelReason:
    judged = [_row_reason(number, line, row, net_g, on, basis) for row in rows]
    codes = sorted({reason.tunnel_code for reason in judged})
    if len(codes) == 1:
        return judged[0]
    # An entry whose code nobody knows makes the whole line unknown, whatever the other entries say.
    worst = min(judged, key=lambda reason: _STRICTNESS[reason.lowest_forbidden])
    shown = ", ".join(code or "?" for code in codes)
    return TunnelReason(
        number, line.un_number, worst.tunnel_code, worst.lowest_forbidden,
        f"{worst.zh}（同一编号有多个条目：{shown}，取最严）",
        f"{worst.en} (several entries fit: {shown}; the strictest is taken)", basis,
    )  # fmt: skip


_STRICTNESS = {UNKNOWN: 0, "B": 1, "C": 2, "D": 3, "E": 4, "": 5}


@lru_cache(maxsize=1024)
def _words(code: str, mode: Mode, state: TankState, lowest: str, unstated: bool) -> tuple[str, str]:
    if lowest == UNKNOWN:
        return "没有隧道限制代码，须人工判定", "no tunnel restriction code: decide by hand"
    if not lowest:
        return "隧道代码（－），不受限", "tunnel code (-): no restriction"
    mode_zh = {Mode.TANK: "罐式", Mode.BULK: "散装", Mode.PACKAGES: "包件"}[mode]
    zh, en = (
        f"隧道代码 {code}，{mode_zh}运输，禁止 {lowest} 类及更严隧道",
        f"code {code} in {mode.value}: forbidden from category {lowest} on",
    )
    if code in _BY_MASS and unstated:
        zh, en = zh + "（未填净药量，按超限值判定）", en + " (net explosive mass not stated: judged as above the limit)"
    if state is TankState.EMPTY_UNCLEANED:
        zh, en = zh + "（未清洗空容器，沿用原装货物代码）", en + " (empty uncleaned: keeps the code of its last goods)"
    return zh, en


_BY_MASS = frozenset(code for code, rule in CODES.items() if rule.mass_limit)


def _limited_quantities(load: Load, on: date) -> TunnelReason | None:
    gross_g = sum(line.mass_g for line in load.lines if line.quantity_regime is Regime.LQ and line.is_dangerous)
    policy = policy_on("LQ_TUNNEL_E", on)
    if policy is None or gross_g <= policy.value:
        return None
    return TunnelReason(
        -1, "", "LQ", "E", f"有限数量包件总质量 {gross_g} 克，超过 {policy.value} 克，禁止 E 类隧道",
        f"limited quantities of {gross_g} g gross exceed {policy.value} g: forbidden in category E", policy.basis,
    )  # fmt: skip


def _reason(number: int, line: LoadLine, code: str, lowest: str, basis: Basis | None, zh: str, en: str) -> TunnelReason:
    return TunnelReason(number, line.un_number, code, lowest, zh, en, basis)


def _judgement(reasons: list[TunnelReason]) -> TunnelJudgement:
    known = [reason.lowest_forbidden for reason in reasons if reason.lowest_forbidden not in ("", UNKNOWN)]
    lowest = min(known, default="F")
    forbidden = tuple(category for category in TUNNEL_CATEGORIES if category >= lowest)
    rest = TUNNEL_CATEGORIES[: len(TUNNEL_CATEGORIES) - len(forbidden)]
    if any(reason.lowest_forbidden == UNKNOWN for reason in reasons):
        return TunnelJudgement(rest[:1], forbidden, rest[1:], tuple(reasons))
    return TunnelJudgement(rest, forbidden, (), tuple(reasons))
