"""``hazway waybill``: judge a roadside code offline; fetch the day's bundle, a code, a print, or what a plate is on."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.message import Message

from hazway import day_bundle, roadside, trust
from hazway.cli_connection import IdentityFolder, Organisation, Purpose, Server, connect
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.roadside import RoadsideAnswer, Verdict
from hazway.roadside_code import Content
from hazway.waybill.v1 import waybill_pb2 as pb

app = typer.Typer(no_args_is_help=True, help="运单 waybills: 路检核验 roadside check")

_BEIJING = timezone(timedelta(hours=8))
TrustFile = Annotated[
    Path | None, typer.Option("--trust", envvar="HAZWAY_TRUST", help="信任文件 whom to believe about the bundle")
]
_EXIT = {Verdict.VALID: 0, Verdict.VALID_BUT_STALE_DATA: 3}


@app.command()
def check(
    qr: Annotated[str, typer.Argument(metavar="QR", help="二维码内容，@文件，或 - 表示标准输入 text, @file or -")],
    day: Annotated[Path, typer.Option("--bundle", help="每日数据包 the day's bundle")],
    trust_file: TrustFile = None,
    at: Annotated[str, typer.Option(help="核验时间（ISO 8601，缺省为现在） time of the check; default now")] = "",
    max_age_hours: Annotated[int | None, typer.Option(min=1, help="数据包时限 how old the bundle may be")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 for machines")] = False,
) -> None:
    """Judge a waybill's QR code without a network. Exit 0: valid. Exit 3: cannot tell. Exit 1: anything else."""
    when = _time(at)
    known = _trusted(trust_file)
    limit = timedelta(hours=max_age_hours) if max_age_hours else None
    answer = roadside.check(_text(qr), day.read_bytes(), known, when, max_age=limit)
    typer.echo(json.dumps(plain(answer), ensure_ascii=False) if as_json else "\n".join(_lines(answer)))
    raise typer.Exit(_EXIT.get(answer.verdict, 1))


@app.command()
def bundle(
    out: Annotated[Path, typer.Option(help="输出文件 the file to write")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    trust_file: TrustFile = None,
) -> None:
    """Fetch the day's bundle, to be carried to the roadside.

    With --trust it is verified first, and never takes the place of a newer one in the same file.
    """
    answer = _ask(server, identity, organisation, "GetDayBundle", pb.GetDayBundleRequest())
    known = _trusted(trust_file)
    if known is not None:
        try:
            fetched, at_hand = day_bundle.open(answer.bundle, known), _opened(out, known)
            if at_hand is not None:
                day_bundle.follow(at_hand, fetched)
        except VerificationError as error:
            typer.echo(f"{error.step}: {error.problem_zh} {error.problem}", err=True)
            raise typer.Exit(1) from error
    out.write_bytes(answer.bundle)
    made = answer.generated_at.ToDatetime(UTC)
    typer.echo(f"{out}  {_dated(made, datetime.now(UTC) - made)}")


@app.command()
def code(
    waybill_id: Annotated[str, typer.Argument(help="运单标识 id of the waybill")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    purpose: Purpose = "",
    svg: Annotated[Path | None, typer.Option(help="二维码图像 also write the QR code as an SVG image")] = None,
) -> None:
    """Print the text of a waybill's roadside code."""
    request = pb.GetRoadsideCodeRequest(waybill_id=waybill_id)
    answer = _ask(server, identity, organisation, "GetRoadsideCode", request, purpose)
    if svg is not None:
        svg.write_text(answer.qr_svg, encoding="utf-8")
    typer.echo(answer.code)


@app.command("print")
def print_form(
    waybill_id: Annotated[str, typer.Argument(help="运单标识 id of the waybill")],
    out: Annotated[Path, typer.Option(help="输出文件 the PDF to write")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    purpose: Purpose = "",
) -> None:
    """Write the official form, with the roadside code, as a PDF."""
    request = pb.ExportWaybillPdfRequest(waybill_id=waybill_id)
    out.write_bytes(_ask(server, identity, organisation, "ExportWaybillPdf", request, purpose).pdf)
    typer.echo(str(out))


@app.command()
def plate(
    plate: Annotated[str, typer.Argument(help="车牌号码 plate")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    purpose: Purpose = "",
) -> None:
    """Ask what a vehicle carries (authorities only). Exit 3: unknown here, ask its home province."""
    answer = _ask(server, identity, organisation, "FindByPlate", pb.FindByPlateRequest(plate=plate), purpose)
    if answer.answer != pb.PLATE_ANSWER_FOUND:
        typer.echo(f"{answer.message_zh}\n{answer.message_en}")
        raise typer.Exit(3)
    for waybill in answer.waybills:
        goods = "；".join(f"UN{line.un_number} {line.name} {line.mass_g / 1000:,.3f} kg" for line in waybill.goods)
        state = pb.State.Name(waybill.state).removeprefix("STATE_")
        typer.echo(f"{waybill.number}  {state}  {waybill.origin.name} → {waybill.destination.name}  {goods}")


def _trusted(file: Path | None) -> trust.Trust | None:
    try:
        return trust.parse(file.read_text(encoding="utf-8")) if file else None
    except VerificationError as error:
        raise typer.BadParameter(f"{error.problem_zh} {error.problem}", param_hint="--trust") from error


def _ask(server: str, identity: Path, organisation: str, method: str, request: Message, purpose: str = "") -> Any:
    with connect(server, identity, organisation) as client:
        try:
            return client.call(f"hazway.waybill.v1.WaybillService/{method}", request, purpose=purpose)
        except Refused as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(1) from refusal


def plain(answer: RoadsideAnswer) -> dict[str, Any]:
    """The answer for machines: times as ISO 8601, digests in hex, the bundle's age in whole seconds."""
    return {
        "verdict": answer.verdict.name,
        "verdict_zh": answer.verdict.zh,
        "verdict_en": answer.verdict.en,
        "failed_layer": answer.failed,
        "reason_zh": answer.reason_zh,
        "reason_en": answer.reason_en,
        "layers": answer.layers,
        "bundle_generated_at": answer.generated_at.isoformat() if answer.generated_at else None,
        "bundle_age_s": None if answer.age is None else int(answer.age.total_seconds()),
        "content": None if answer.content is None else _plain_content(answer.content),
    }


def _plain_content(content: Content) -> dict[str, Any]:
    fields = {name: getattr(content, name) for name in Content.__slots__}
    fields["goods"] = [{name: getattr(line, name) for name in type(line).__slots__} for line in content.goods]
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}


def _lines(answer: RoadsideAnswer) -> list[str]:
    lines = [f"{answer.verdict.zh}  {answer.verdict.name} ({answer.verdict.en})"]
    if answer.failed:
        lines += [f"  环节 layer: {answer.failed}", f"  原因: {answer.reason_zh}", f"  reason: {answer.reason_en}"]
    if answer.generated_at is not None and answer.age is not None:
        lines.append(f"  数据包 bundle: {_dated(answer.generated_at, answer.age)}")
    if answer.content is not None:
        lines += [f"  {line}" for line in _shown(answer.content)]
    return lines


def _shown(content: Content) -> list[str]:
    goods = [
        f"货物 UN{line.un_number} {line.name}，{line.hazard_class} 类/项，{line.packing_group or '—'}，{line.quantity} {line.unit}"
        for line in content.goods
    ]
    explosive = [f"净药量 {content.net_explosive_mass_g} g"] if content.net_explosive_mass_g else []
    return [
        f"运单 {content.number} 第 {content.revision} 版（签发时 {content.state}）",
        f"牵引车 {content.tractor}  挂车 {content.trailer or '—'}",
        f"驾驶员 {content.driver}  押运员 {content.escort or '—'}",
        f"{content.origin} → {content.destination}",
        *goods,
        *explosive,
        f"禁入隧道类别 {content.closed_tunnels or '无'}",
        f"有效期至 {_local(datetime.fromtimestamp(content.expires_at, UTC))}",
        "请核对车牌和人员：复印件也能通过验证 compare plates and crew, a copy verifies too",
    ]


def _opened(file: Path, known: trust.Trust) -> day_bundle.Opened | None:
    """The bundle in the file; ``None`` where there is none that could be used."""
    try:
        return day_bundle.open(file.read_bytes(), known)
    except (OSError, VerificationError):
        return None


def _dated(made: datetime, age: timedelta) -> str:
    """The age is negative where the device's clock is behind."""
    hours, minutes = divmod(abs(int(age.total_seconds())) // 60, 60)
    return f"{_local(made)}，已有 age {'-' if age < timedelta() else ''}{hours} h {minutes} min"


def _local(at: datetime) -> str:
    return f"{at.astimezone(_BEIJING):%Y-%m-%d %H:%M}"


def _text(qr: str) -> str:
    """The code given on the line, in a file, or on standard input, without the line's end a file puts behind it."""
    if qr == "-":
        return sys.stdin.read().rstrip("\r\n")
    if qr.startswith("@"):
        return Path(qr[1:]).read_text(encoding="utf-8", errors="replace").rstrip("\r\n")
    return qr


def _time(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("不是 ISO 8601 时间 not an ISO 8601 time", param_hint="--at") from error
    return at if at.tzinfo else at.replace(tzinfo=_BEIJING)
