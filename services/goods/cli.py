"""``hazway-server goods``: import whole official lists, look up a UN number, ask which tunnels a load may enter."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from services.goods.catalogue import Catalogue, CatalogueUnreadable, core, un_key
from services.goods.controls import special_control_of
from services.goods.importer import ImportReport, import_lists
from services.goods.lists import ListUnreadable
from services.goods.loadfile import HELP, LoadUnreadable, read_load
from services.goods.model import GoodsRow
from services.goods.tunnels import TunnelJudgement, tunnel_categories

app = typer.Typer(
    no_args_is_help=True, help="The catalogue of dangerous goods and the rules of a load. 危险货物目录与装载规则"
)

_HOME = typer.Option(
    envvar="HAZWAY_HOME", help="Where the server keeps its data; an imported catalogue lies in its folder goods."
)
_LEGAL_ZONE = ZoneInfo("Asia/Shanghai")
_DEFAULT_HOME = Path("~/.local/share/hazway")
Home = Annotated[Path, _HOME]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def imported_catalogue(home: Path) -> Path:
    """Where the imported catalogue lies under a home directory."""
    return home.expanduser() / "goods" / "catalogue.json"


def catalogue_in(home: Path) -> Catalogue:
    """The imported catalogue under ``home``, else the core list. Raises ``CatalogueUnreadable`` for a broken file."""
    path = imported_catalogue(home)
    return Catalogue.load(path) if path.exists() else core()


def shown(row: GoodsRow) -> dict[str, object]:
    """One row as ``goods show --json`` prints it; the keys are a contract."""
    return {
        "un_number": row.un_number,
        "proper_shipping_name": {"zh": row.name_zh, "en": row.name_en},
        "class": row.goods_class,
        "classification_code": row.classification_code,
        "subsidiary": row.subsidiary,
        "packing_group": row.packing_group,
        "tunnel_code": row.tunnel_code,
        "transport_category": row.transport_category,
        "hazard_identification_number": row.hazard_identification_number,
        "tank_code": row.tank_code,
        "limited_quantity": row.limited_quantity,
        "excepted_quantity": row.excepted_quantity,
        "special_control": special_control_of(row.un_number),
    }


@app.command("import")
def import_(
    adr: Annotated[Path, typer.Option(help="The ADR table as BAM publishes it (CSV): rows and transport codes.")],
    zh: Annotated[Path | None, typer.Option(help="GB 12268 (CSV): Chinese and English names, compared.")] = None,
    us: Annotated[Path | None, typer.Option(help="49 CFR 172.101 (JSON): compared.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the catalogue; the home's own place if left out.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Where to write every disagreement; beside the catalogue if left out.")
    ] = None,
    edition: Annotated[str, typer.Option(help="What to call this edition.")] = "",
    effective_from: Annotated[str, typer.Option(help="The day it takes effect, YYYY-MM-DD.")] = "",
    home: Home = _DEFAULT_HOME,
) -> None:
    """Merge whole official lists into one catalogue and report where they disagree. A list with a fault changes nothing."""
    if effective_from:
        _day("--effective-from", effective_from)
    target = out or imported_catalogue(home)
    report_to = report or target.with_suffix(".report.json")
    try:
        given = [None if path is None else path.read_bytes() for path in (adr, zh, us)]
        named = edition or " + ".join(path.name for path in (adr, zh, us) if path is not None)
        catalogue, found = import_lists(
            given[0] or b"", given[1], given[2], edition=named, effective_from=effective_from
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(report_to, json.dumps(_reported(found), ensure_ascii=False, indent=1) + "\n")
        _write(target, catalogue.dump())
    except ListUnreadable as error:
        _stop("\n".join(f"{error.name}: {fault}" for fault in error.faults))
    except OSError as error:
        _stop(str(error))
    columns = ", ".join(f"{column} {count}" for column, count in found.by_column().items()) or "无 none"
    typer.echo(f"目录 catalogue  {found.rows} 行 rows, {len(catalogue.un_numbers())} UN → {target}")
    typer.echo(f"目录不一致 disagreements  {columns}")
    typer.echo(f"未读出 not readable  {len(found.notes)}")
    typer.echo(f"报告 report → {report_to}")


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def _reported(report: ImportReport) -> dict[str, object]:
    return {
        "rows": report.rows,
        "by_column": dict(report.by_column()),
        "disagreements": [
            {
                "un_number": one.un_number,
                "packing_group": one.packing_group,
                "column": one.column,
                "values": dict(one.values),
            }
            for one in report.disagreements
        ],
        "notes": [{"list": name, "row": note.row, "reason": note.reason} for name, note in report.notes],
    }


@app.command()
def show(
    un_number: Annotated[str, typer.Argument(help="Four digits, with or without UN.")],
    as_json: AsJson = False,
    home: Home = _DEFAULT_HOME,
) -> None:
    """Print every row of a UN number, from the imported catalogue, else from the core list."""
    catalogue = _catalogue(home)
    rows = catalogue.rows_of(un_number)
    if as_json:
        typer.echo(json.dumps([shown(row) for row in rows], ensure_ascii=False, indent=1))
    elif rows:
        typer.echo(f"UN {un_key(un_number)} · {catalogue.edition}")
        for row in rows:
            typer.echo(_line_of(row))
    else:
        typer.echo(f"目录中没有 UN {un_key(un_number)}  not in the catalogue ({catalogue.edition})", err=True)
        raise typer.Exit(1)


def _line_of(row: GoodsRow) -> str:
    facts = [
        f"类/项 {row.division or '?'}", f"分类代码 {row.classification_code or '?'}", f"PG {row.packing_group or '无 none'}",
        f"隧道 tunnel {row.tunnel_code or '? 人工判定 decide by hand'}", f"罐体 tank {row.tank_code or '无 none'}",
        f"危险识别号 {row.hazard_identification_number or '无 none'}", special_control_of(row.un_number), row.variant,
    ]  # fmt: skip
    doubt = f"！目录不一致 lists disagree: {', '.join(row.disputed)}" if row.disputed else ""
    return "\n".join(filter(None, [f"  {row.name_zh} {row.name_en}", "    " + " · ".join(filter(None, facts)), doubt]))


@app.command(help=f"Print the tunnel categories a load may and may not enter, and why.\n\n{HELP}")
def tunnel(
    load: Annotated[Path, typer.Option("--load", help="The load as JSON; see above.")],
    as_json: AsJson = False,
    on: Annotated[str, typer.Option("--on", help="The day, YYYY-MM-DD; today if left out.")] = "",
    home: Home = _DEFAULT_HOME,
) -> None:
    day = _day("--on", on) if on else datetime.now(_LEGAL_ZONE).date()
    try:
        stated = read_load(load.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, LoadUnreadable) as error:
        _stop(f"{load}: {error}")
    judgement = tunnel_categories(stated, _catalogue(home), day)
    typer.echo(json.dumps(_judgement(judgement), ensure_ascii=False, indent=1) if as_json else _told(judgement))


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _stop(f"{option}: {text} is not a day YYYY-MM-DD")


def _judgement(judgement: TunnelJudgement) -> dict[str, object]:
    reasons = [
        {
            "line": reason.line if reason.line >= 0 else None,
            "un_number": reason.un_number,
            "tunnel_code": reason.tunnel_code,
            "lowest_forbidden": reason.lowest_forbidden,
            "zh": reason.zh,
            "en": reason.en,
            "basis": None
            if reason.basis is None
            else {"zh": reason.basis.zh, "article": reason.basis.article, "verified": reason.basis.verified},
        }
        for reason in judgement.reasons
    ]
    return {
        "allowed": list(judgement.allowed),
        "forbidden": list(judgement.forbidden),
        "unknown": list(judgement.unknown),
        "reasons": reasons,
    }


def _told(judgement: TunnelJudgement) -> str:
    lines = [
        f"允许 allowed    {' '.join(judgement.allowed) or '-'}",
        f"禁止 forbidden  {' '.join(judgement.forbidden) or '-'}",
    ]
    if judgement.unknown:
        lines.append(f"人工判定 decide by hand  {' '.join(judgement.unknown)}")
    for reason in judgement.reasons:
        subject = f"UN {reason.un_number}" if reason.un_number else "LQ"
        lines.append(f"  {subject}: {reason.zh}\n    {reason.en}")
    return "\n".join(lines)


def _catalogue(home: Path) -> Catalogue:
    try:
        return catalogue_in(home)
    except (OSError, UnicodeDecodeError, CatalogueUnreadable) as error:
        _stop(f"{imported_catalogue(home)}: {error}")


def _stop(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
