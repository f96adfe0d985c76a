"""``hazway-server registry``: sheets of vehicles, tanks and people, imported by the operator's own hand."""

from __future__ import annotations

import asyncio
import hashlib
import json
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from hazway import body, ids, statement
from hazway.acts import ACTS
from hazway.registry.v1 import registry_pb2 as pb
from services import traceability
from services.errors import Refusal
from services.registry import columns
from services.registry.imports import import_rows
from services.registry.sameness import Told, nobody
from services.registry.standing import identify
from services.runtime.adapter import Adapter, Asked
from services.runtime.host import Host, embedded_servers, open_host
from services.runtime.settings import read_settings

_METHOD = "hazway.registry.v1.RegistryService/ImportRows"


class Kind(StrEnum):
    VEHICLES = "vehicles"
    TANKS = "tanks"
    PERSONS = "persons"


_COLUMNS = {Kind.VEHICLES: columns.VEHICLES, Kind.TANKS: columns.TANKS, Kind.PERSONS: columns.PERSONS}


def commands(told: Told = nobody) -> typer.Typer:
    """``told`` hears of two entries that are one thing."""
    app = typer.Typer(no_args_is_help=True, help="登记 registry", context_settings={"obj": told})
    app.command("columns")(show_columns)
    app.command("import")(import_sheet)
    return app


def show_columns(kind: Annotated[Kind, typer.Argument(help="vehicles 车辆、tanks 罐体、persons 人员")]) -> None:
    """Print the headings a sheet may have, Chinese and English."""
    for column in _COLUMNS[kind]:
        print(f"{column.zh}\t{column.name}")


def import_sheet(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV（UTF-8 或 GB 18030）或 XLSX", exists=True, dir_okay=False)],
    kind: Annotated[Kind, typer.Option(help="vehicles 车辆、tanks 罐体、persons 人员")],
    organisation: Annotated[str, typer.Option(help="所属单位编号 whose they are")],
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="有一行不合格则全部不登记")] = False,
    check: Annotated[bool, typer.Option("--check", help="只检查，不登记 register nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出")] = False,
) -> None:
    """Import a sheet as one stated act of the operator. Exits 1 when a row was refused, 2 when the sheet was."""
    with embedded_servers(read_settings()) as settings:
        host = open_host(settings)
        try:
            answer = _import(host, context.obj, _request(file, kind, organisation, all_or_nothing, check))
        except Refusal as refusal:
            for finding in refusal.findings:
                typer.echo(f"{finding.path}: {finding.zh} / {finding.en}", err=True)
            raise typer.Exit(2) from None
        finally:
            host.close()
    _print(answer, as_json)
    raise typer.Exit(0 if all(row.accepted for row in answer.rows) else 1)


def _request(file: Path, kind: Kind, organisation: str, all_or_nothing: bool, check: bool) -> pb.ImportRowsRequest:
    content = file.read_bytes()
    return pb.ImportRowsRequest(
        request_id=ids.new_id(),
        organisation_id=organisation,
        kind=pb.ImportKind.Value(f"IMPORT_KIND_{kind.name}"),
        mode=pb.IMPORT_MODE_ALL_OR_NOTHING if all_or_nothing else pb.IMPORT_MODE_GOOD_ROWS,
        content=content,
        content_sha256=hashlib.sha256(content).digest(),
        validate_only=check,
    )


def _import(host: Host, told: Told, request: pb.ImportRowsRequest) -> Any:
    """Through the one adapter, as any call, signed with the operator's key."""
    act = ACTS[_METHOD]
    request.statement = statement.make(
        traceability.keeper_of(host.settings).operator,
        issuer=traceability.OPERATOR,
        subject=act.subject(request),
        kind=act.kind,
        request_id=request.request_id,
        body=body.body_of(request),
        issued_at=host.clock.now(),
    )
    adapter = Adapter(host.settings, host.engine, host.bus, host.clock, identify)
    asked = Asked(method=_METHOD, organisation=traceability.OPERATOR, person="")
    try:
        return asyncio.run(adapter.unary(asked, partial(import_rows, told), request, pb.ImportRowsResponse))
    finally:
        adapter.close()


def _print(answer: pb.ImportRowsResponse, as_json: bool) -> None:
    if as_json:
        print(
            json.dumps({"imported": answer.imported, "rows": [_plain(row) for row in answer.rows]}, ensure_ascii=False)
        )
        return
    for row in answer.rows:
        for fault in row.faults:
            print(f"{row.row}\t{fault.path}\t{fault.reason}\t{fault.zh} / {fault.en}")
    good = sum(row.accepted for row in answer.rows)
    done = "已登记 registered" if answer.imported else "未登记 not registered"
    print(f"{done}: {good} 行合格 good, {len(answer.rows) - good} 行不合格 refused")


def _plain(row: pb.RowReport) -> dict[str, Any]:
    faults = [{"path": each.path, "reason": each.reason, "zh": each.zh, "en": each.en} for each in row.faults]
    return {"row": row.row, "accepted": row.accepted, "id": row.id, "faults": faults}
