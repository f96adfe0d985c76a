"""The list of dangerous goods, read once from a file of our own format and then only looked up."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from services.goods.model import Carriage, GoodsRow, LoadLine, Mode

FORMAT = "hazway-goods/1"
_COLUMNS = tuple(column.name for column in fields(GoodsRow))


class CatalogueUnreadable(ValueError):
    """The file is not a catalogue of ours; the message says where."""


@dataclass(frozen=True, slots=True)
class Source:
    """One list behind a catalogue: what it is, its edition, and the SHA-256 of the file that was read."""

    name: str
    edition: str
    sha256: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """The rows a line may mean, and whether its packing group was found among them."""

    rows: tuple[GoodsRow, ...]
    packing_group_known: bool = True


class Catalogue:
    """All rows of one edition, by UN number."""

    def __init__(
        self, rows: Iterable[GoodsRow], *, edition: str, effective_from: str = "", sources: tuple[Source, ...] = ()
    ) -> None:
        by_un: dict[str, list[GoodsRow]] = defaultdict(list)
        for row in rows:
            by_un[row.un_number].append(row)
        self._by_un: Mapping[str, tuple[GoodsRow, ...]] = {un: tuple(by_un[un]) for un in sorted(by_un)}
        self._choices: dict[tuple[str, str, bool, str], Choice] = {}
        self.edition = edition
        self.effective_from = effective_from
        self.sources = sources

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._by_un.values())

    def un_numbers(self) -> tuple[str, ...]:
        return tuple(self._by_un)

    def rows(self) -> tuple[GoodsRow, ...]:
        return tuple(row for rows in self._by_un.values() for row in rows)

    def rows_of(self, un_number: str) -> tuple[GoodsRow, ...]:
        """Every row of a UN number (``1203``, ``UN1203``); empty where the catalogue has none."""
        return self._by_un.get(un_key(un_number), ())

    def choose(self, line: LoadLine) -> Choice:
        """The rows ``line`` may mean: narrowed by packing group, then by name, then to rows that allow tanks.

        A criterion that fits no row narrows nothing. The answer is kept for lines that ask the same.
        """
        key = (line.un_number, line.packing_group, line.mode is Mode.TANK, line.name)
        choice = self._choices.get(key)
        if choice is None:
            choice = self._narrow(line)
            if len(self._choices) < _MOST_CHOICES_KEPT:
                self._choices[key] = choice
        return choice

    def _narrow(self, line: LoadLine) -> Choice:
        rows = self.rows_of(line.un_number)
        group_known = True
        if line.packing_group and rows:
            fitting = tuple(row for row in rows if row.packing_group == line.packing_group)
            group_known = bool(fitting)
            rows = fitting or rows
        if line.name:
            rows = tuple(row for row in rows if line.name in (row.name_zh, row.name_en)) or rows
        if line.mode is Mode.TANK:
            rows = tuple(row for row in rows if row.tank_code) or rows
        return Choice(rows, group_known)

    @staticmethod
    def load(path: str | Path) -> Catalogue:
        """Read a catalogue file. Raises ``CatalogueUnreadable`` naming the row and the reason, ``OSError`` without a file."""
        return parse(Path(path).read_text("utf-8"))

    def dump(self) -> str:
        """The catalogue as text of our own format, one row a line; ``load`` reads it back equal."""
        head = {
            "format": FORMAT,
            "edition": self.edition,
            "effective_from": self.effective_from,
            "sources": [
                {"name": s.name, "edition": s.edition, "sha256": s.sha256, "verified": s.verified} for s in self.sources
            ],
        }
        opening = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
        rows = ",\n".join(json.dumps(_stated(row), ensure_ascii=False) for row in self.rows())
        return f'{opening},\n "rows": [\n{rows}\n]}}\n'


_MOST_CHOICES_KEPT = 100_000  # a bound on memory, not a rule


def un_key(text: str) -> str:
    """``UN1203``, ``un 1203`` and ``1203`` → ``1203``; shorter digits are padded; anything else comes back stripped."""
    if len(text) == 4 and text.isascii() and text.isdigit():
        return text
    bare = text.strip().upper().removeprefix("UN").strip()
    return bare.zfill(4) if bare.isascii() and bare.isdigit() else bare


def parse(text: str) -> Catalogue:
    """The catalogue a text of our own format holds. Raises ``CatalogueUnreadable``."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CatalogueUnreadable(f"not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CatalogueUnreadable(f"not of the format {FORMAT}")
    try:
        sources = tuple(Source(**source) for source in document.get("sources", ()))
        edition, effective_from = str(document["edition"]), str(document.get("effective_from", ""))
        rows = [_row(number, stated) for number, stated in enumerate(document["rows"], 1)]
    except (KeyError, TypeError) as error:
        raise CatalogueUnreadable(f"the head is incomplete: {error}") from None
    return Catalogue(rows, edition=edition, effective_from=effective_from, sources=sources)


def _row(number: int, stated: Any) -> GoodsRow:
    if not isinstance(stated, dict):
        raise CatalogueUnreadable(f"row {number}: not an object")
    unknown = sorted(set(stated) - set(_COLUMNS))
    if unknown:
        raise CatalogueUnreadable(f"row {number}: unknown column {unknown[0]}")
    un_number = stated.get("un_number")
    if not isinstance(un_number, str) or len(un_number) != 4 or not un_number.isascii() or not un_number.isdigit():
        raise CatalogueUnreadable(f"row {number}: un_number must be four digits")
    values: dict[str, Any] = dict(stated)
    try:
        values["carriage"] = Carriage(values.get("carriage", Carriage.PERMITTED.value))
    except ValueError:
        raise CatalogueUnreadable(f"row {number}: carriage is not one of {[c.value for c in Carriage]}") from None
    values["disputed"] = tuple(values.get("disputed", ()))
    for name, value in values.items():
        if name not in ("carriage", "disputed") and not isinstance(value, str):
            raise CatalogueUnreadable(f"row {number}: {name} must be text")
    return GoodsRow(**values)


def _stated(row: GoodsRow) -> dict[str, object]:
    stated: dict[str, object] = {name: getattr(row, name) for name in _COLUMNS}
    stated["carriage"] = row.carriage.value
    stated["disputed"] = list(row.disputed)
    return {name: value for name, value in stated.items() if value not in ("", [], Carriage.PERMITTED.value)}


@cache
def core() -> Catalogue:
    """The catalogue that comes with the server: what carries most road tonnage, all fireworks, all special control."""
    return parse(resources.files("services.goods").joinpath("data/core.json").read_text("utf-8"))
