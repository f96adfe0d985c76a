"""Sheets of rows: CSV in UTF-8 or GB 18030, or XLSX, as plain texts under the names of their columns."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

MOST_ROWS = 2_000
MOST_COLUMNS = 60
# An XLSX is a ZIP: a small file may unfold to any size, so its size is asked before it is opened.
_MOST_UNFOLDED_BYTES = 64 * 1024 * 1024


class SheetError(ValueError):
    """The content is no sheet we read; the text says why, in both languages."""


@dataclass(frozen=True, slots=True)
class Row:
    """``number`` as a spreadsheet counts; ``cells`` by the heading above them, empty ones left out."""

    number: int
    cells: dict[str, str]


def read_sheet(content: bytes) -> list[Row]:
    """The rows below the headings; wholly empty ones are left out. Raises ``SheetError``."""
    lines = _xlsx(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    headings = [text.strip() for text in lines[0]] if lines else []
    while headings and not headings[-1]:
        headings.pop()
    if not headings:
        raise SheetError("no headings 缺少表头")
    if len(headings) > MOST_COLUMNS or len(set(headings)) < len(headings) or "" in headings:
        raise SheetError("headings are empty, repeated or too many 表头为空、重复或过多")
    rows = [_row(number, headings, cells) for number, cells in enumerate(lines[1:], start=2)]
    rows = [row for row in rows if row.cells]
    if len(rows) > MOST_ROWS:
        raise SheetError(f"more than {MOST_ROWS} rows 超过 {MOST_ROWS} 行")
    return rows


def _row(number: int, headings: list[str], cells: list[str]) -> Row:
    if any(cell.strip() for cell in cells[len(headings) :]):
        raise SheetError(f"row {number} is longer than the headings 第 {number} 行多于表头")
    return Row(number, {name: cell.strip() for name, cell in zip(headings, cells, strict=False) if cell.strip()})


def _csv(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            return _bounded(csv.reader(io.StringIO(text, newline=""), strict=True))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise SheetError(f"no CSV 不是 CSV: {error}") from error
    raise SheetError("neither UTF-8 nor GB 18030 编码不是 UTF-8 或 GB 18030")


def _xlsx(content: bytes) -> list[list[str]]:
    import openpyxl  # 0.3 s, and only for those who import workbooks

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNFOLDED_BYTES:
                raise SheetError("the workbook is too big 工作簿过大")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        most = MOST_COLUMNS + 1
        return _bounded([_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True, max_col=most))
    except SheetError:
        raise
    except Exception as error:  # the library raises whatever its parts raise
        raise SheetError(f"no workbook 不是 XLSX: {type(error).__name__}") from error


def _bounded(lines: Iterable[list[str]]) -> list[list[str]]:
    read: list[list[str]] = []
    for line in lines:
        read.append(line)
        if len(read) > 2 * MOST_ROWS:
            raise SheetError(f"more than {MOST_ROWS} rows 超过 {MOST_ROWS} 行")
    return read


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
