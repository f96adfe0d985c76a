"""Tank codes (ADR 4.3.3.1.1 and 4.3.4.1.1): what they say, and which tank may stand in for another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

_CODE = re.compile(r"([LSCPR])(G|x|[0-9]{1,3}(?:\.[0-9]{1,2})?)([ABCD])([VFNH])((?:\([M+]\))*)")
_GAS_KINDS = "CPR"
_OPENINGS = "ABCD"
_VENTS = "VFNH"


class TankCodeUnreadable(ValueError):
    """The text is no tank code; the message says why."""


class TankFit(Enum):
    """Whether a tank covers what is required; ``BY_HAND`` where the codes alone do not tell."""

    YES = "YES"
    NO = "NO"
    BY_HAND = "BY_HAND"


@dataclass(frozen=True, slots=True)
class TankCode:
    """The four parts of a code. ``pressure_cbar`` is in hundredths of a bar: 0 for G, None for ``x`` (per substance)."""

    kind: str
    pressure_cbar: int | None
    openings: str
    vent: str
    no_hierarchy: bool = False


@lru_cache(maxsize=4096)
def parse_tank_code(text: str) -> TankCode:
    """``L1.5BN``, ``PxBH(M)``, ``S2.65AN(+)`` … Raises ``TankCodeUnreadable``."""
    match = _CODE.fullmatch(text.strip())
    if match is None:
        raise TankCodeUnreadable(f"tank code {text!r} cannot be read")
    kind, pressure, openings, vent, marks = match.groups()
    gas = kind in _GAS_KINDS
    if (pressure == "G" and gas) or (pressure == "x" and not gas):
        raise TankCodeUnreadable(f"tank code {text!r}: pressure {pressure} does not belong to {kind}")
    if gas and vent not in "NH":
        raise TankCodeUnreadable(f"tank code {text!r}: a gas tank has no vent {vent}")
    return TankCode(kind, _pressure_cbar(pressure), openings, vent, "(+)" in marks)


def _pressure_cbar(text: str) -> int | None:
    if text == "x":
        return None
    if text == "G":
        return 0
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def tank_fit(have: str, need: str) -> TankFit:
    """Whether a tank of code ``have`` may carry goods for which ``need`` is listed (alternatives joined by ``;``).

    With ``(+)`` in ``need`` there is no hierarchy: only that very code will do. Raises ``TankCodeUnreadable``.
    """
    offered = parse_tank_code(have)
    fits = {_fit(offered, parse_tank_code(one)) for one in need.split(";")}
    if TankFit.YES in fits:
        return TankFit.YES
    return TankFit.BY_HAND if TankFit.BY_HAND in fits else TankFit.NO


def tank_code_covers(have: str, need: str) -> bool:
    """True only where the codes alone prove that the tank covers what is required. Raises ``TankCodeUnreadable``."""
    return tank_fit(have, need) is TankFit.YES


def _fit(have: TankCode, need: TankCode) -> TankFit:
    if need.no_hierarchy:
        return TankFit.YES if _parts(have) == _parts(need) else TankFit.NO
    if (
        have.kind != need.kind
        or _OPENINGS.index(have.openings) < _OPENINGS.index(need.openings)
        or _VENTS.index(have.vent) < _VENTS.index(need.vent)
    ):
        return TankFit.NO
    return _pressure_fit(have.pressure_cbar, need.pressure_cbar)


def _parts(code: TankCode) -> tuple[str, int | None, str, str]:
    return code.kind, code.pressure_cbar, code.openings, code.vent


def _pressure_fit(have: int | None, need: int | None) -> TankFit:
    if have == need:
        return TankFit.YES
    # x stands for the test pressure of the substance itself, which no code tells.
    if have is None or need is None:
        return TankFit.BY_HAND
    return TankFit.YES if have > need else TankFit.NO
