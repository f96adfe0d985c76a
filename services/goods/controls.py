"""Substances under special rules, by UN number, CAS number and name, and the permit each needs to travel by road."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from importlib import resources

from services.errors import Basis
from services.goods.bases import basis_on
from services.goods.catalogue import Catalogue, un_key
from services.goods.model import Load, LoadLine, TankState


class Control(Enum):
    """The lists a substance may stand on."""

    SPECIAL_CONTROL = "SPECIAL_CONTROL"
    HIGHLY_TOXIC = "HIGHLY_TOXIC"
    EXPLOSIVE_PRECURSOR = "EXPLOSIVE_PRECURSOR"
    DRUG_PRECURSOR_1 = "DRUG_PRECURSOR_1"
    DRUG_PRECURSOR_2 = "DRUG_PRECURSOR_2"
    DRUG_PRECURSOR_3 = "DRUG_PRECURSOR_3"
    FIREWORKS = "FIREWORKS"
    FIREWORKS_OR_CIVIL_EXPLOSIVE = "FIREWORKS_OR_CIVIL_EXPLOSIVE"
    CIVIL_EXPLOSIVE = "CIVIL_EXPLOSIVE"
    RADIOACTIVE = "RADIOACTIVE"


class Permit(Enum):
    """Papers that must travel along, and (the last two) duties without a paper."""

    TOXIC_ROAD_PASS = "剧毒化学品道路运输通行证"  # noqa: S105 - a paper, no password
    FIREWORKS_ROAD_PERMIT = "烟花爆竹道路运输许可证"
    CIVIL_EXPLOSIVES_TRANSPORT_PERMIT = "民用爆炸物品运输许可证"
    DRUG_PRECURSOR_TRANSPORT_PERMIT = "易制毒化学品运输许可证"
    DRUG_PRECURSOR_FILING = "易制毒化学品运输备案证明"
    RADIOACTIVE_TRANSPORT_PERMIT = "放射性物品道路运输批准文件"
    EXPLOSIVE_PRECURSOR_REPORT = "易制爆化学品流向备案"
    SPECIAL_CONTROL_TRACE = "特别管控危险化学品信息追溯"

    @property
    def is_document(self) -> bool:
        """Whether a paper must be aboard; false for a duty to report or to trace."""
        return self not in (Permit.EXPLOSIVE_PRECURSOR_REPORT, Permit.SPECIAL_CONTROL_TRACE)


# Control → the permits of which one suffices, and the name of its basis.
_DEMANDS: Mapping[Control, tuple[tuple[Permit, ...], str]] = {
    Control.SPECIAL_CONTROL: ((Permit.SPECIAL_CONTROL_TRACE,), "SPECIAL_CONTROL"),
    Control.HIGHLY_TOXIC: ((Permit.TOXIC_ROAD_PASS,), "HIGHLY_TOXIC"),
    Control.EXPLOSIVE_PRECURSOR: ((Permit.EXPLOSIVE_PRECURSOR_REPORT,), "EXPLOSIVE_PRECURSOR"),
    Control.DRUG_PRECURSOR_1: ((Permit.DRUG_PRECURSOR_TRANSPORT_PERMIT,), "DRUG_PRECURSOR"),
    Control.DRUG_PRECURSOR_2: ((Permit.DRUG_PRECURSOR_TRANSPORT_PERMIT,), "DRUG_PRECURSOR"),
    Control.DRUG_PRECURSOR_3: ((Permit.DRUG_PRECURSOR_FILING,), "DRUG_PRECURSOR"),
    Control.FIREWORKS: ((Permit.FIREWORKS_ROAD_PERMIT,), "FIREWORKS"),
    Control.FIREWORKS_OR_CIVIL_EXPLOSIVE: (
        (Permit.FIREWORKS_ROAD_PERMIT, Permit.CIVIL_EXPLOSIVES_TRANSPORT_PERMIT), "FIREWORKS",
    ),
    Control.CIVIL_EXPLOSIVE: ((Permit.CIVIL_EXPLOSIVES_TRANSPORT_PERMIT,), "CIVIL_EXPLOSIVE"),
    Control.RADIOACTIVE: ((Permit.RADIOACTIVE_TRANSPORT_PERMIT,), "RADIOACTIVE"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Substance:
    """One substance of one list; ``number`` is its number there, where known."""

    control: Control
    number: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.number} {self.zh}".strip()


@dataclass(frozen=True, slots=True)
class PermitNeed:
    """One demand of a load: any one of ``any_of`` fulfils it; ``lines`` are the indexes of the lines that cause it.

    ``basis`` is None on a day for which no text is known; the need stands all the same.
    """

    control: Control
    any_of: tuple[Permit, ...]
    substance: str
    lines: tuple[int, ...]
    basis: Basis | None

    @property
    def is_document(self) -> bool:
        return any(permit.is_document for permit in self.any_of)


@dataclass(frozen=True, slots=True)
class _Lists:
    partial: frozenset[Control]
    by_un: Mapping[str, tuple[Substance, ...]]
    by_cas: Mapping[str, tuple[Substance, ...]]
    by_name: Mapping[str, tuple[Substance, ...]]


def permits_needed(load: Load, catalogue: Catalogue, on: date) -> tuple[PermitNeed, ...]:
    """What must travel along or be reported for this load; empty and cleaned tanks carry nothing that needs a permit."""
    lines_of: dict[Substance, list[int]] = defaultdict(list)
    for number, line in enumerate(load.lines):
        if line.is_dangerous and line.tank_state is not TankState.EMPTY_UNCLEANED:
            for substance in substances_of(line, catalogue):
                lines_of[substance].append(number)
    return tuple(
        PermitNeed(
            substance.control, _DEMANDS[substance.control][0], str(substance), tuple(lines),
            basis_on(_DEMANDS[substance.control][1], on),
        )
        for substance, lines in lines_of.items()
    )  # fmt: skip


def substances_of(line: LoadLine, catalogue: Catalogue) -> tuple[Substance, ...]:
    """The substances of all lists a line is, by UN number, CAS number or name; class 1 and 7 also by class."""
    lists = _lists()
    found = list(lists.by_un.get(un_key(line.un_number), ()))
    if line.cas:
        found += lists.by_cas.get(line.cas.strip(), ())
    if line.name:
        found += lists.by_name.get(_name_key(line.name), ())
    return tuple(dict.fromkeys([*found, *_by_class(line, catalogue, found)]))


def is_controlled(line: LoadLine, control: Control, catalogue: Catalogue) -> bool:
    return any(substance.control is control for substance in substances_of(line, catalogue))


def special_control_of(un_number: str) -> str:
    """The entry of the special-control list a UN number stands for (``16 汽油…``), else empty."""
    found = _lists().by_un.get(un_key(un_number), ())
    return "; ".join(str(substance) for substance in found if substance.control is Control.SPECIAL_CONTROL)


def partial_lists() -> frozenset[Control]:
    """The lists of which only a part is known here: a substance not found on them may still be controlled."""
    return _lists().partial


_CIVIL = Substance(Control.CIVIL_EXPLOSIVE, "", "民用爆炸物品", "civil explosives")
_RADIOACTIVE = Substance(Control.RADIOACTIVE, "", "放射性物品", "radioactive material")
_PYROTECHNIC = frozenset({Control.FIREWORKS, Control.FIREWORKS_OR_CIVIL_EXPLOSIVE})


def _by_class(line: LoadLine, catalogue: Catalogue, found: list[Substance]) -> Iterator[Substance]:
    classes = {row.goods_class for row in catalogue.rows_of(line.un_number)}
    if "1" in classes and not any(substance.control in _PYROTECHNIC for substance in found):
        yield _CIVIL
    if "7" in classes:
        yield _RADIOACTIVE


_REMARK = re.compile(r"[(\[;，].*$", re.DOTALL)


def _name_key(name: str) -> str:
    """A name without case, width and what stands in brackets: ``车用汽油（92号）`` → ``车用汽油``."""
    return _REMARK.sub("", unicodedata.normalize("NFKC", name).upper()).strip()


@cache
def _lists() -> _Lists:
    document = json.loads(resources.files("services.goods").joinpath("data/controls.json").read_text("utf-8"))
    by_un: dict[str, list[Substance]] = defaultdict(list)
    by_cas: dict[str, list[Substance]] = defaultdict(list)
    by_name: dict[str, list[Substance]] = defaultdict(list)
    for item in document["items"]:
        substance = Substance(Control(item["list"]), item.get("number", ""), item["zh"], item["en"])
        for index, keys in ((by_un, item.get("un", ())), (by_cas, item.get("cas", ()))):
            for key in keys:
                index[key].append(substance)
        for name in item.get("names", ()):
            by_name[_name_key(name)].append(substance)
    return _Lists(
        frozenset(Control(name) for name in document["partial"]), _frozen(by_un), _frozen(by_cas), _frozen(by_name)
    )


def _frozen(index: Mapping[str, list[Substance]]) -> Mapping[str, tuple[Substance, ...]]:
    return {key: tuple(dict.fromkeys(substances)) for key, substances in index.items()}
