"""The common form of an official list, and what all of them are read with: every fault is named with its row.

A file with a fault in its structure (columns, UN numbers, packing groups, codes) is refused whole.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.goods.model import Carriage

MOST_FAULTS_TOLD = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row; ``row`` counts as in the file (the header of a CSV is row 1), 0 is the file itself."""

    row: int
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}" if self.row else self.reason


class ListUnreadable(ValueError):
    """The file is not a list of the expected format; ``faults`` are all that were found, up to a bound."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.faults = tuple(faults)
        super().__init__(f"{name}: " + "; ".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One row of any of the lists. ``subsidiary`` is None where the list's own text could not be read."""

    row: int
    un_number: str
    packing_group: str
    goods_class: str = ""
    division: str = ""
    classification_code: str = ""
    subsidiary: frozenset[str] | None = frozenset()
    labels_in_order: tuple[str, ...] = ()
    name_zh: str = ""
    name_en: str = ""
    variant: str = ""
    tunnel_code: str = ""
    transport_category: str = ""
    hazard_identification_number: str = ""
    tank_code: str = ""
    limited_quantity: str = ""
    excepted_quantity: str = ""
    carriage: Carriage = Carriage.PERMITTED


@dataclass(frozen=True, slots=True)
class OfficialList:
    """A list as read: its rows, and notes on what was left out of it (values in words, rows of another scheme)."""

    rows: tuple[ListRow, ...]
    edition: str = ""
    notes: tuple[Fault, ...] = field(default=())


class BadRow(ValueError):
    """One row cannot be read; the reader of the file adds which."""


DIVISION = re.compile(r"1(\.[1-6][A-S]?)?|2(\.[1-3])?|3|4\.[1-3]|5\.[12]|6\.[12]|7|8|9")


def csv_rows(
    name: str, data: bytes, needed: tuple[str, ...], read: Callable[[int, Mapping[str, str]], ListRow]
) -> tuple[ListRow, ...]:
    """Each row of a CSV through ``read``. Raises ``ListUnreadable`` with every row ``read`` called a ``BadRow``."""
    reader = csv.DictReader(io.StringIO(_text(name, data), newline=""), strict=True)
    rows: list[ListRow] = []
    faults: list[Fault] = []
    try:
        missing = [column for column in needed if column not in (reader.fieldnames or ())]
        if missing:
            raise ListUnreadable(name, [Fault(1, f"columns missing: {', '.join(missing)}")])
        for entry in reader:
            try:
                rows.append(read(reader.line_num, _whole(entry)))
            except BadRow as error:
                faults.append(Fault(reader.line_num, str(error)))
    except csv.Error as error:
        faults.append(Fault(reader.line_num, f"not CSV: {error}"))
    refuse_faults(name, faults)
    if not rows:
        raise ListUnreadable(name, [Fault(0, "the list is empty")])
    return tuple(rows)


def _whole(entry: Mapping[str | None, Any]) -> Mapping[str, str]:
    if None in entry:
        raise BadRow("more fields than columns")
    if any(value is None for value in entry.values()):
        raise BadRow("fewer fields than columns")
    return {str(column): str(value).strip() for column, value in entry.items()}


def refuse_faults(name: str, faults: list[Fault]) -> None:
    """Raises ``ListUnreadable`` with the first of the faults, if there are any."""
    if faults:
        raise ListUnreadable(name, faults[:MOST_FAULTS_TOLD])


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise ListUnreadable(name, [Fault(row, "not UTF-8")]) from None


def json_of(name: str, data: bytes) -> Any:
    """Raises ``ListUnreadable`` with the line where reading ended."""
    try:
        return json.loads(_text(name, data))
    except json.JSONDecodeError as error:
        raise ListUnreadable(name, [Fault(error.lineno, f"not JSON: {error.msg}")]) from None
    except RecursionError:
        raise ListUnreadable(name, [Fault(0, "not JSON: nested too deeply")]) from None


def un_number_of(text: str) -> str:
    """Four digits. Raises ``BadRow``."""
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise BadRow(f"UN number {text!r} is not up to four digits")
    return text.zfill(4)


def packing_group_of(text: str) -> str:
    """I, II, III or empty. Raises ``BadRow``."""
    if text not in ("", "I", "II", "III"):
        raise BadRow(f"packing group {text!r} is not I, II or III")
    return text


def division_of(text: str) -> str:
    """A class or division such as 1.4S or 6.1, or empty. Raises ``BadRow``."""
    if text and not DIVISION.fullmatch(text):
        raise BadRow(f"class {text!r} is none")
    return text
