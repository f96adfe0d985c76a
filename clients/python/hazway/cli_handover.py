"""``hazway handover``: hand-overs where no network reaches. Made, read and countersigned as files; sent when there is a line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format

from hazway import ids, keys, offline
from hazway.cli_connection import IdentityFolder, Organisation, Server, connect
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.waybill.v1 import handover_pb2 as pb

app = typer.Typer(no_args_is_help=True, help="交接 hand-overs, also without a network")

Offer = Annotated[Path, typer.Argument(help="交出方的文件 the giver's file")]
Out = Annotated[Path, typer.Option(help="输出文件 the file to write")]
Key = Annotated[Path, typer.Option(help="本单位签名密钥（PEM） the organisation's signing key")]
Name = Annotated[str, typer.Option("--name", help="签收人 who signs")]


@app.command()
def offer(
    file: Annotated[Path, typer.Argument(help="交接内容（JSON） the hand-over in protobuf's JSON mapping")],
    key: Key,
    organisation: Organisation,
    out: Out,
) -> None:
    """State what is handed over and sign it, offline."""
    try:
        handed = json_format.Parse(file.read_text(encoding="utf-8"), pb.Handover())
    except json_format.ParseError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error
    handed.id = handed.id or ids.new_id()
    if not handed.HasField("handed_at"):
        handed.handed_at.FromDatetime(_now())
    _write(offline.OFFER, pb.OfferHandoverRequest(handover=handed), key, organisation, out)


@app.command()
def show(file: Offer) -> None:
    """Print what a file's signer saw, and the digest to be signed."""
    method, request = _read(file)
    said = _stated(method, request)
    typer.echo(
        f"{said.text}签署单位 {said.issuer}  {said.issued_at:%Y-%m-%d %H:%M:%S} UTC\nSHA-256 {said.digest.hex()}"
    )


@app.command()
def countersign(
    file: Offer,
    key: Key,
    organisation: Organisation,
    name: Name,
    out: Out,
    received: Annotated[
        list[str] | None, typer.Option(help="实收 行号=克，可多次 what was found, LINE=GRAMS, again for each line")
    ] = None,
    differences: Annotated[str, typer.Option(help="差异说明 what else differs")] = "",
) -> None:
    """Sign the giver's statement as taker, offline; what differs is said."""
    request = offline.countersigned(
        _offer(file), signed_by=name, signed_at=_now(), received_g=map(_line, received or ()), differences=differences
    )
    _write(offline.COUNTERSIGN, request, key, organisation, out)


@app.command()
def refuse(
    file: Offer,
    key: Key,
    organisation: Organisation,
    name: Name,
    reason: Annotated[str, typer.Option(help="拒绝原因 why")],
    out: Out,
) -> None:
    """Say as taker that it is not taken, offline."""
    request = offline.refused(_offer(file), signed_by=name, signed_at=_now(), reason=reason)
    _write(offline.REFUSE, request, key, organisation, out)


@app.command()
def send(
    file: Annotated[Path, typer.Argument(help="离线操作文件 the file of an act")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
) -> None:
    """Send what was signed offline; twice is once."""
    method, request = _read(file)
    with connect(server, identity, organisation) as client:
        try:
            answer = client.call(method, request)
        except Refused as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(1) from refusal
    typer.echo(f"{answer.registered.subject} #{answer.registered.seq}")


def _write(method: str, request: Any, key: Path, organisation: str, out: Path) -> None:
    signer = keys.from_pem(key.read_bytes())
    offline.complete(method, request, organisation=organisation, signer=signer, now=_now())
    out.write_text(offline.dumps(method, request), encoding="utf-8")
    typer.echo(f"{out}  SHA-256 {_stated(method, request).digest.hex()}")


def _offer(file: Path) -> pb.OfferHandoverRequest:
    method, request = _read(file)
    if method != offline.OFFER:
        raise typer.BadParameter("不是交出方的文件 not a giver's file", param_hint="FILE")
    _stated(method, request)
    return request  # type: ignore[no-any-return]


def _read(file: Path) -> tuple[str, Any]:
    try:
        return offline.loads(file.read_text(encoding="utf-8"))
    except (VerificationError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error


def _stated(method: str, request: Any) -> Any:
    try:
        return offline.stated(method, request)
    except VerificationError as error:
        typer.echo(f"{error.problem_zh} {error.problem}", err=True)
        raise typer.Exit(1) from error


def _line(text: str) -> tuple[int, int]:
    number, _, grams = text.partition("=")
    if not (number.isdecimal() and grams.isdecimal()):
        raise typer.BadParameter(text, param_hint="--received")
    return int(number), int(grams)


def _now() -> datetime:
    return datetime.now(UTC)
