"""A load written as JSON, read strictly: an unknown key or a number that is no whole gram is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from services.goods.catalogue import un_key
from services.goods.model import Load, LoadLine, Mode, Regime, TankState

HELP = """A load is a JSON object:

{"vehicle_type": "FL", "lines": [{"un_number": "1203", "packing_group": "II", "mode": "tank", "mass_g": 28000000}]}

vehicle_type: EX/II, EX/III, FL, OX, AT, CT or left out.

Each line: un_number (four digits, required); packing_group (I, II, III); mode (tank, bulk, packages; packages if left
out); mass_g (grams; gross for LQ and EQ, else net); net_explosive_mass_g (grams, class 1); packages (a count);
quantity_regime (NORMAL, LQ, EQ); tank_state (LOADED, PART, EMPTY_UNCLEANED, CLEANED, GAS_FREE); name; cas;
tank_code (of the tank offered)."""


class LoadUnreadable(ValueError):
    """The text is not a load; the message names the line and the key."""


def read_load(text: str) -> Load:
    """The load a JSON text states. Raises ``LoadUnreadable``."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LoadUnreadable(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise LoadUnreadable("a load is a JSON object")
    _refuse_unknown("load", document, {"lines", "vehicle_type"})
    vehicle_type, lines = document.get("vehicle_type", ""), document.get("lines")
    if not isinstance(vehicle_type, str):
        raise LoadUnreadable("vehicle_type must be text")
    if not isinstance(lines, list) or not lines:
        raise LoadUnreadable("lines must be a list of at least one line")
    return Load(lines=tuple(_line(number, line) for number, line in enumerate(lines)), vehicle_type=vehicle_type)


def _line(number: int, stated: Any) -> LoadLine:
    where = f"lines[{number}]"
    if not isinstance(stated, dict):
        raise LoadUnreadable(f"{where} is not an object")
    _refuse_unknown(where, stated, set(_READERS))
    if "un_number" not in stated:
        raise LoadUnreadable(f"{where}.un_number is missing")
    values = {key: _READERS[key](f"{where}.{key}", value) for key, value in stated.items()}
    return LoadLine(**values)


def _refuse_unknown(where: str, stated: Mapping[str, object], known: set[str]) -> None:
    unknown = sorted(set(stated) - known)
    if unknown:
        raise LoadUnreadable(f"{where} has an unknown key {unknown[0]}; known are {', '.join(sorted(known))}")


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise LoadUnreadable(f"{where} must be text")
    return value.strip()


def _un_number(where: str, value: Any) -> str:
    un_number = un_key(_text(where, value))
    if len(un_number) != 4 or not un_number.isdigit():
        raise LoadUnreadable(f"{where} must be four digits")
    return un_number


def _packing_group(where: str, value: Any) -> str:
    if value not in ("", "I", "II", "III"):
        raise LoadUnreadable(f"{where} must be I, II or III")
    return str(value)


def _whole(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise LoadUnreadable(f"{where} must be a whole number, not negative")
    return value


def _one_of(kind: type[Mode] | type[Regime] | type[TankState]) -> Callable[[str, Any], Mode | Regime | TankState]:
    def read(where: str, value: Any) -> Mode | Regime | TankState:
        try:
            return kind(value)
        except ValueError:
            raise LoadUnreadable(f"{where} must be one of {', '.join(member.value for member in kind)}") from None

    return read


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "un_number": _un_number,
    "packing_group": _packing_group,
    "mode": _one_of(Mode),
    "mass_g": _whole,
    "net_explosive_mass_g": _whole,
    "packages": _whole,
    "quantity_regime": _one_of(Regime),
    "tank_state": _one_of(TankState),
    "name": _text,
    "cas": _text,
    "tank_code": _text,
}
