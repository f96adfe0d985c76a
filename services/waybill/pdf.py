"""Draws a waybill's form on A4, with its roadside code: one page as long as it can be read. Pure.

The Chinese face is one of the standard ones of PDF (STSong-Light), which every reader brings along: no font file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from html import escape
from io import BytesIO
from itertools import chain, repeat
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus.doctemplate import LayoutError

from services.waybill.form import GOODS_HEADER, Field, Form

_FACE = "STSong-Light"
_WIDTH = 186 * mm
_MARGIN = 12 * mm
_QR_SIZE = 58 * mm
_QUIET_ZONE = 4  # modules (ISO/IEC 18004)
_SIZES = (12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.5)  # points, largest first; smaller is not read at the roadside
_PAIR = (15 * mm, 27 * mm, 51 * mm)
_GOODS_WIDTHS = (11 * mm, 21 * mm, 56 * mm, 20 * mm, 18 * mm, 26 * mm, 11 * mm, 23 * mm)
_MOST_LETTERS = 240  # in one cell; the whole of it is in the record
_PIECE = 1_200  # letters of a remark in one row, so that a page holds it
_COMPARED = frozenset({"车牌号码", "姓名"})
_GREY = colors.Color(0.93, 0.93, 0.93)

Block = tuple[str, tuple[Field, ...]]
Matrix = Sequence[Sequence[int]]


def draw(form: Form, matrix: Matrix | None, notes: Sequence[str]) -> bytes:
    """The PDF, the same bytes for the same form. ``matrix`` is the code's modules, None where there is no code.

    ``notes`` stand under the form. Goods and remarks that do not fit in the smallest type go on to further pages, each of
    which tells the number of the waybill, its own and how many there are.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(_FACE))
    for size in _SIZES[:-1]:
        with suppress(LayoutError):  # a cell that is higher than a page in this type
            pdf, pages = _drawn(form, matrix, notes, size)
            if pages == 1:
                return pdf
    pdf, pages = _drawn(form, matrix, notes, _SIZES[-1])
    return pdf if pages == 1 else _drawn(form, matrix, notes, _SIZES[-1], of=pages)[0]


def _drawn(form: Form, matrix: Matrix | None, notes: Sequence[str], size: float, *, of: int = 1) -> tuple[bytes, int]:
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=f"危险货物道路运输运单 {form.number}", invariant=1,
    )  # fmt: skip
    write = _Writer(size)

    def numbered(canvas: Any, page: Any) -> None:
        if of > 1:
            canvas.setFont(_FACE, 8)
            canvas.drawCentredString(A4[0] / 2, _MARGIN / 2, f"运单编号：{form.number}　第 {page.page} 页，共 {of} 页")

    document.build(
        [
            _head(form, matrix, notes[:1], write),
            Spacer(1, 2 * mm),
            *(_joined(table, size) for table in _tables(form, write)),
            Spacer(1, 1.5 * mm),
            *(write.small(note) for note in notes[1:]),
        ],
        onFirstPage=numbered,
        onLaterPages=numbered,
    )
    return buffer.getvalue(), document.page


class _Writer:
    """Paragraphs in the sizes of one page; whatever text comes, it is text and no markup."""

    def __init__(self, size: float) -> None:
        self._size = size

    def text(self, text: str, scale: float = 1.0, align: int = 0) -> Paragraph:
        size = self._size * scale
        style = ParagraphStyle(
            "text", fontName=_FACE, fontSize=size, leading=size * 1.3, wordWrap="CJK", alignment=align,
            rightIndent=0 if align else size / 2,  # closing punctuation hangs out of the line by so much
        )  # fmt: skip
        return Paragraph(escape("".join(filter(str.isprintable, " ".join(text.split())))), style)

    def lines(self, text: str) -> list[Paragraph]:
        """A paragraph for each line of the text, or piece of a long one."""
        lines = filter(str.strip, text.splitlines())
        return [self.text(line[start : start + _PIECE]) for line in lines for start in range(0, len(line), _PIECE)]

    def cell(self, text: str) -> Paragraph:
        return self.text(_cut(text))

    def value(self, name: str, value: str) -> Paragraph:
        """What is compared with the lorry stands out."""
        return self.text(_cut(value) or "—", 1.2 if name in _COMPARED else 1.0)

    def label(self, text: str) -> Paragraph:
        return self.text(_cut(text), 0.95, align=1)

    def small(self, text: str) -> Paragraph:
        return self.text(text, 0.8)


class _Symbol(Flowable):  # type: ignore[misc]
    """A QR code with its quiet zone; runs of dark modules in a row are one rectangle."""

    def __init__(self, matrix: Matrix) -> None:
        super().__init__()
        self.width = self.height = _QR_SIZE
        self._matrix = matrix

    def draw(self) -> None:
        module = _QR_SIZE / (len(self._matrix) + 2 * _QUIET_ZONE)
        path = self.canv.beginPath()
        for row, modules in enumerate(self._matrix):
            top = _QR_SIZE - (row + 1 + _QUIET_ZONE) * module
            for start, length in _runs(modules):
                path.rect((start + _QUIET_ZONE) * module, top, length * module, module)
        self.canv.drawPath(path, stroke=0, fill=1)


def _runs(modules: Sequence[int]) -> Iterable[tuple[int, int]]:
    start = None
    for place, dark in enumerate((*modules, 0)):
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            yield start, place - start
            start = None


def _head(form: Form, matrix: Matrix | None, notes: Sequence[str], write: _Writer) -> Table:
    fixed = _Writer(_SIZES[0])  # the head is read first, whatever is below it
    title = [
        fixed.text("危险货物道路运输运单", 2.0),
        Spacer(1, 5 * mm),
        fixed.text(f"运单编号：{form.number}", 1.35),
        Spacer(1, 2 * mm),
        fixed.text(form.standing, 1.2),
        Spacer(1, 2 * mm),
        *(fixed.text(note) for note in notes),
    ]
    symbol: Flowable = _Symbol(matrix) if matrix else fixed.text("作废" if form.is_void else "无路检码", 2.4, align=1)
    table = Table([[title, symbol]], colWidths=(_WIDTH - _QR_SIZE, _QR_SIZE))
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *_no_padding()]))
    return table


def _tables(form: Form, write: _Writer) -> list[Table]:
    box = f"{'■' if form.urban_distribution else '□'} 城市配送"
    return [
        _pairs(form.left, form.right, write),
        _line((42, 94, 50), write.label("目的地"), write.cell(form.destination), write.text(box, align=1)),
        _line(
            (15, 12, 50, 19, 30, 27, 33),
            write.label("承运人"),
            *(cell for field in form.carrier for cell in (write.label(field[0]), write.cell(field[1]))),
        ),
        _pairs(form.vehicles, form.crew, write),
        _goods(form, write),
        _line((42, 144), write.label("货物提示"), write.text(form.goods_notes)),
        _remarks(form, write),
        _line(
            (42, 51, 42, 51),
            *(cell for field in form.dispatch for cell in (write.label(field[0]), write.cell(field[1]))),
        ),
    ]


def _remarks(form: Form, write: _Writer) -> Table:
    """A row a line, so that they go on on the next page."""
    rows = [
        [write.label(title if first else ""), line]
        for title, text in form.remarks or (("备注", "—"),)
        for first, line in zip(chain([True], repeat(False)), write.lines(text), strict=False)
    ]
    return Table(rows, colWidths=(42 * mm, 144 * mm), style=_shaded(0))


def _pairs(left: Sequence[Block], right: Sequence[Block], write: _Writer) -> Table:
    """Blocks of fields beside each other; both sides have the same number of fields."""
    rows: list[list[Any]] = [[""] * 6 for _ in range(sum(len(fields) for _, fields in left))]
    spans = []
    for column, blocks in ((0, left), (3, right)):
        row = 0
        for title, fields in blocks:
            spans.append(("SPAN", (column, row), (column, row + len(fields) - 1)))
            rows[row][column] = write.label(title)
            for name, value in fields:
                rows[row][column + 1 : column + 3] = [write.label(name), write.value(name, value)]
                row += 1
    return Table(rows, colWidths=(*_PAIR, *_PAIR), style=[*spans, *_shaded(0, 1, 3, 4)])


def _goods(form: Form, write: _Writer) -> Table:
    header = [write.label(each) for each in GOODS_HEADER]
    rows = [
        [write.label(cell) if place != 2 else write.cell(cell) for place, cell in enumerate(row)] for row in form.goods
    ]
    head = ("BACKGROUND", (0, 0), (-1, 0), _GREY)
    return Table([header, *rows], colWidths=_GOODS_WIDTHS, style=[head], repeatRows=1)


def _line(widths_mm: Sequence[float], *cells: Paragraph | list[Paragraph]) -> Table:
    """One row whose first cell is a label, and every second one after it where there are more than three."""
    labels = range(0, len(cells), 2) if len(cells) == 4 else (0, *range(1, len(cells), 2)) if len(cells) > 4 else (0,)
    return Table([list(cells)], colWidths=[each * mm for each in widths_mm], style=_shaded(*labels))


def _shaded(*columns: int) -> list[tuple[Any, ...]]:
    return [("BACKGROUND", (column, 0), (column, -1), _GREY) for column in columns]


def _joined(table: Table, size: float) -> Table:
    """With thin lines, touching the table above, and room in the cells as the type has it."""
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                *((f"{side}PADDING", (0, 0), (-1, -1), 0.32 * size) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
            ]
        )
    )
    return table


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def _no_padding() -> list[tuple[Any, ...]]:
    return [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
