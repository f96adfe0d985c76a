"""``hazway consignment``: lists of goods to be carried: sent from a file, listed, read, accepted, refused, withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from google.protobuf.message import Message

from hazway.cli_connection import IdentityFolder, Organisation, Purpose, Server, connect
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.waybill.v1 import consignment_pb2 as pb

app = typer.Typer(no_args_is_help=True, help="托运清单 consignment lists")

_SERVICE = "hazway.waybill.v1.ConsignmentService"
ListId = Annotated[str, typer.Argument(metavar="ID", help="托运清单标识 id of the list")]
Key = Annotated[Path, typer.Option("--key", help="签名私钥 PEM of the key that signs")]
Reason = Annotated[str, typer.Option(help="原因 the reason")]


@app.command()
def send(
    file: Annotated[Path, typer.Argument(help="JSON 文件 the list as JSON, as the contract names its fields")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    key: Key,
) -> None:
    """Make a list and send it to the carrier it names."""
    request = pb.CreateConsignmentListRequest()
    try:
        json_format.Parse(file.read_text(encoding="utf-8"), request.consignment_list)
    except json_format.ParseError as error:
        raise typer.BadParameter(f"不是托运清单 not a consignment list: {error}", param_hint="FILE") from error
    answer = _ask(server, identity, organisation, "CreateConsignmentList", request, key=key)
    for warning in answer.warnings:
        typer.echo(f"! {warning.message_zh}  {warning.message_en}")
    typer.echo(_line(answer.consignment_list))


@app.command("list")
def list_lists(server: Server, identity: IdentityFolder, organisation: Organisation, purpose: Purpose = "") -> None:
    """The newest fifty, a line each."""
    request = pb.ListConsignmentListsRequest()
    answer = _ask(server, identity, organisation, "ListConsignmentLists", request, purpose)
    for each in answer.consignment_lists:
        typer.echo(_line(each))


@app.command()
def show(
    list_id: ListId, server: Server, identity: IdentityFolder, organisation: Organisation, purpose: Purpose = ""
) -> None:
    """The whole list as JSON, with what remains and which waybills carry it."""
    request = pb.GetConsignmentListRequest(consignment_list_id=list_id)
    answer = _ask(server, identity, organisation, "GetConsignmentList", request, purpose)
    typer.echo(json_format.MessageToJson(answer, preserving_proto_field_name=True, ensure_ascii=False))


@app.command()
def accept(
    list_id: ListId,
    revision: Annotated[int, typer.Option(help="已阅版本 the revision that was read")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    key: Key,
) -> None:
    """Take the goods on."""
    request = pb.AcceptConsignmentListRequest(consignment_list_id=list_id, revision=revision)
    answer = _ask(server, identity, organisation, "AcceptConsignmentList", request, key=key)
    typer.echo(_line(answer.consignment_list))


@app.command()
def refuse(
    list_id: ListId, reason: Reason, server: Server, identity: IdentityFolder, organisation: Organisation, key: Key
) -> None:
    """Do not take the goods on."""
    request = pb.RefuseConsignmentListRequest(consignment_list_id=list_id, reason=reason)
    typer.echo(_line(_ask(server, identity, organisation, "RefuseConsignmentList", request, key=key).consignment_list))


@app.command()
def withdraw(
    list_id: ListId, reason: Reason, server: Server, identity: IdentityFolder, organisation: Organisation, key: Key
) -> None:
    """Have nothing more of it carried."""
    request = pb.WithdrawConsignmentListRequest(consignment_list_id=list_id, reason=reason)
    typer.echo(
        _line(_ask(server, identity, organisation, "WithdrawConsignmentList", request, key=key).consignment_list)
    )


def _ask(
    server: str,
    identity: Path,
    organisation: str,
    method: str,
    request: Message,
    purpose: str = "",
    key: Path | None = None,
) -> Any:
    with connect(server, identity, organisation, key) as client:
        try:
            return client.call(f"{_SERVICE}/{method}", request, purpose=purpose)
        except Refused as refusal:
            typer.echo(refusal.message, err=True)
            for fault in refusal.faults:
                typer.echo(f"  {fault.path}: {fault.zh}  {fault.en}", err=True)
            raise typer.Exit(1) from refusal
        except VerificationError as error:
            typer.echo(f"{error.problem_zh} {error.problem}", err=True)
            raise typer.Exit(1) from error


def _line(each: pb.ConsignmentList) -> str:
    state = pb.ListState.Name(each.state).removeprefix("LIST_STATE_")
    goods = "；".join(
        f"UN{line.un_number} {line.name} {line.mass_g / 1000:,.3f} kg（余 {line.remaining_g / 1000:,.3f} kg）"
        for line in each.lines
    )
    return (
        f"{each.id}  {each.number or '—'}  第 {each.revision} 版  {state}  {each.consignor.name} → {each.carrier.name}"
        f"  {each.origin.name} → {each.destination.name}  {goods}"
    )
