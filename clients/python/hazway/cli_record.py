"""``hazway record``: export a record and verify it, offline and for ever."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from hazway import record, trust
from hazway.cli_connection import IdentityFolder, Organisation, Purpose, Server, connect
from hazway.errors import VerificationError
from hazway.refusals import Refused

app = typer.Typer(no_args_is_help=True, help="签名记录 signed records")

TrustFile = Annotated[
    Path,
    typer.Option("--trust", envvar="HAZWAY_TRUST", help="信任文件 JSON with log_keys, policy, authorities, max_age_s"),
]


@app.command()
def export(
    subject: Annotated[str, typer.Argument(help="主题 e.g. waybill/<id>, vehicle/<id>, organisation/<id>")],
    out: Annotated[Path, typer.Option(help="输出文件 the .hazway file to write")],
    server: Server,
    identity: IdentityFolder,
    organisation: Organisation,
    start: Annotated[datetime | None, typer.Option("--from", help="期间起 start of the period, Beijing time")] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", help="期间止（不含）end of the period, left out itself")
    ] = None,
    purpose: Purpose = "",
) -> None:
    """Fetch the record of a subject as one self-contained file; a vehicle's or an organisation's with its trips."""
    with connect(server, identity, organisation) as client:
        try:
            answer = client.exported(subject, start=_beijing(start), end=_beijing(end), purpose=purpose)
            out.write_bytes(answer.bundle)
        except Refused as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(1) from refusal
    typer.echo(f"{out}  {'已见证 witnessed' if answer.witnessed else '尚未见证 not yet witnessed'}")


def _beijing(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=timezone(timedelta(hours=8)))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="记录文件 .hazway file")],
    trust_file: TrustFile,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 for machines")] = False,
) -> None:
    """Verify a record offline. Exit 0: every step held. Exit 1: it names the step that failed."""
    try:
        known = trust.parse(trust_file.read_text(encoding="utf-8"), at=datetime.now(UTC))
        verified = record.verify(file.read_bytes(), known)
    except VerificationError as error:
        _refuse(error, as_json)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(_plain(verified), ensure_ascii=False))
    else:
        _show(verified)


def _refuse(error: VerificationError, as_json: bool) -> None:
    if as_json:
        failure = {"verified": False, "step": error.step, "problem": error.problem, "problem_zh": error.problem_zh}
        typer.echo(json.dumps(failure, ensure_ascii=False))
    else:
        typer.echo(
            f"验证失败 NOT VERIFIED\n  步骤 step: {error.step}\n  原因: {error.problem_zh}\n  problem: {error.problem}"
        )


def _show(verified: record.Verified) -> None:
    typer.echo(f"验证通过 VERIFIED  {verified.origin}  size {verified.size}")
    typer.echo("见证 witnessed" if verified.is_witnessed else "尚未见证 not witnessed (no quorum asked for)")
    for subject in verified.subjects:
        typer.echo(f"{subject.subject}  1–{subject.head.seq} 完整 complete")
        for fact in subject.facts:
            said = fact.statement
            what = (
                f"（{fact.absent}）" if said is None else f"{said.kind}  by {said.issuer}  {said.issued_at.isoformat()}"
            )
            typer.echo(f"  {fact.registration.seq:>4}  leaf {fact.index:>8}  {what}")


def _plain(verified: record.Verified) -> dict[str, object]:
    return {
        "verified": True,
        "origin": verified.origin,
        "size": verified.size,
        "witnessed": verified.is_witnessed,
        "cosigned": [[name, at.isoformat()] for name, at in verified.cosigned],
        "subjects": [
            {
                "subject": subject.subject,
                "last_seq": subject.head.seq,
                "facts": [
                    {
                        "seq": fact.registration.seq,
                        "leaf": fact.index,
                        "kind": None if fact.statement is None else fact.statement.kind,
                        "issuer": None if fact.statement is None else fact.statement.issuer,
                        "issued_at": None if fact.statement is None else fact.statement.issued_at.isoformat(),
                        "absent": fact.absent,
                    }
                    for fact in subject.facts
                ],
            }
            for subject in verified.subjects
        ],
    }
