"""The marks a vehicle must show (GB 13392): orange plates with the hazard number over the UN number, and placards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from services.errors import Basis
from services.goods.bases import basis_on, policy_on
from services.goods.catalogue import Catalogue, un_key
from services.goods.explosives import governing_division
from services.goods.model import GoodsRow, Load, Mode, Regime
from services.goods.quantities import lq_gross_g


@dataclass(frozen=True, slots=True)
class OrangePlate:
    """One orange plate; both numbers empty for a blank one. ``hazard_number`` alone is empty where no list gives one."""

    hazard_number: str = ""
    un_number: str = ""


@dataclass(frozen=True, slots=True)
class Plates:
    """What must be shown. ``limited_quantity_mark`` stands in place of plates when only limited quantities are aboard."""

    orange: tuple[OrangePlate, ...]
    placards: tuple[str, ...]
    limited_quantity_mark: bool
    basis: Basis | None


def plates(load: Load, catalogue: Catalogue, on: date) -> Plates:
    """The marks of the whole vehicle; empty uncleaned tanks keep theirs, cleaned ones show none.

    Tanks and bulk show their numbers; packages, and several different numbers at once, call for blank plates front and back.
    """
    lines = [line for line in load.lines if line.is_dangerous and line.quantity_regime is Regime.NORMAL]
    rows = [catalogue.choose(line).rows for line in lines]
    numbered = dict.fromkeys(
        OrangePlate(_hazard_number(found), un_key(line.un_number))
        for line, found in zip(lines, rows, strict=True)
        if line.mode is not Mode.PACKAGES
    )
    blank = any(line.mode is Mode.PACKAGES for line in lines) or len(numbered) > 1
    limit = policy_on("LQ_GROSS", on)
    return Plates(
        orange=(*numbered, *([OrangePlate()] if blank else [])),
        placards=tuple(dict.fromkeys(_placards([row for found in rows for row in found]))),
        limited_quantity_mark=not lines and limit is not None and lq_gross_g(load) > limit.value,
        basis=basis_on("PLATES", on),
    )


def _hazard_number(rows: Iterable[GoodsRow]) -> str:
    """The gravest number of the rows that fit: one that forbids water first, then the longest, then the highest."""
    numbers = [row.hazard_identification_number for row in rows]
    return max(numbers, key=lambda number: (number.startswith("X"), len(number), number), default="")


def _placards(rows: list[GoodsRow]) -> Iterator[str]:
    explosive = [row for row in rows if row.is_explosive]
    if len({row.classification_code for row in explosive}) > 1:
        yield governing_division(explosive)  # a mixed load of class 1 shows its worst division, no group
    for row in rows:
        if not row.is_explosive:
            yield from row.labels
        elif len({one.classification_code for one in explosive}) == 1:
            yield row.classification_code or row.division
            yield from row.labels[1:]
