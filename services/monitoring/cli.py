"""``hazway-server figures``: the figures regulators score, as a table for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from services.errors import Basis
from services.errors.finding import UNVERIFIED
from services.monitoring import figures
from services.monitoring.figures_store import Scope
from services.runtime.host import embedded_servers, open_host
from services.runtime.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="考核指标 the figures regulators score")

HEADINGS = ("期间 period", "承运人 carrier", "行政区划 division", "指标 figure", "名称 name",
            "分子 numerator", "分母 denominator", "百分比 per cent", "依据 basis")  # fmt: skip
Line = tuple[str | int, ...]


@app.callback()
def group() -> None:
    """考核指标 the figures regulators score."""


@app.command("export")
def export(
    out: Annotated[Path, typer.Argument(help="输出文件 a file ending in .csv or .xlsx")],
    period: Annotated[str, typer.Option(help="日或月 a legal day 2026-11-02, or a month 2026-11")],
    carrier: Annotated[str, typer.Option(help="承运人编号 carrier id; none: all")] = "",
    division: Annotated[str, typer.Option(help="行政区划代码前缀 GB/T 2260 code or its beginning")] = "",
    each_day: Annotated[bool, typer.Option("--each-day", help="逐日列出 one block for each day of the month")] = False,
) -> None:
    """Write the figures of a period, each with numerator and denominator, and the refused fixes by reason."""
    try:
        first, last = figures.days_of(period)
    except ValueError:
        raise typer.BadParameter("应为 2026-11-02 或 2026-11", param_hint="--period") from None
    if out.suffix not in _WRITERS:
        raise typer.BadParameter(".csv / .xlsx", param_hint="OUT")
    scopes = [Scope(carrier, division, first, last)]
    if each_day:
        scopes += [Scope(carrier, division, day, day) for day in _days(first, last)]
    with embedded_servers(read_settings()) as settings:
        host = open_host(settings)
        with host.engine.connect() as connection:
            lines = [line for scope in scopes for line in _lines(connection, scope, host.clock.now())]
        host.close()
    _WRITERS[out.suffix](out, lines)
    print(out)


def _lines(connection: Connection, scope: Scope, now: datetime) -> Iterator[Line]:
    report = figures.report(connection, scope, now)
    days = str(scope.first) if scope.first == scope.last else f"{scope.first} – {scope.last}"
    head = (days, scope.carrier_id, scope.prefix)
    for one in report.figures:
        yield (*head, one.kind.name, one.kind.value, one.numerator, one.denominator,
               _per_cent(one.numerator, one.denominator), _cited(one.kind.basis))  # fmt: skip
    for reason, fixes in report.refused.items():
        yield (*head, reason, "拒收定位 refused fixes", fixes, "", "", "")


def _cited(basis: Basis) -> str:
    return f"{basis.zh}{basis.article}{'' if basis.verified else UNVERIFIED}"


def _per_cent(numerator: int, denominator: int) -> str:
    """To two places, half up, in whole numbers; nothing of nothing is no share."""
    if not denominator:
        return ""
    hundredths = (numerator * 20_000 + denominator) // (2 * denominator)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def _to_csv(out: Path, lines: Sequence[Line]) -> None:
    with out.open("w", encoding="utf-8-sig", newline="") as file:  # the mark lets Excel see that it is UTF-8
        csv.writer(file).writerows([HEADINGS, *map(_harmless, lines)])


def _to_xlsx(out: Path, lines: Sequence[Line]) -> None:
    import openpyxl  # 0.3 s, and only for those who want workbooks

    book = openpyxl.Workbook()
    for line in [HEADINGS, *map(_harmless, lines)]:
        book.active.append(line)
    book.save(out)


def _harmless(line: Line) -> Line:
    """A text that a spreadsheet would run as a formula is marked as text."""
    return tuple(f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@") else value for value in line)


_WRITERS = {".csv": _to_csv, ".xlsx": _to_xlsx}
