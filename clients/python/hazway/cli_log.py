"""``hazway log``: audit a whole log from its static files, or watch it grow."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hazway import audit as audits
from hazway import cli_witness, trust
from hazway.errors import VerificationError
from hazway.tiles import Reader

app = typer.Typer(no_args_is_help=True, help="透明日志 transparency log")
app.command("witness")(cli_witness.witness)
app.command("witness-key")(cli_witness.make_key)

Source = Annotated[str, typer.Argument(help="网址或目录 URL prefix or folder of the log")]
Keys = Annotated[list[str], typer.Option("--key", help="日志公钥 the log's vkey; may be repeated")]


@app.command()
def audit(
    source: Source,
    key: Keys,
    mirror: Annotated[Path | None, typer.Option(help="镜像目录 folder to keep a verified copy in")] = None,
) -> None:
    """Derive the whole log again from its entries and compare every hash."""
    try:
        report = audits.audit(
            _reader(source),
            trust.Trust(log_keys=tuple(key)).log_keys,
            (),
            None if mirror is None else audits.directory_mirror(mirror),
        )
    except (VerificationError, OSError) as error:
        typer.echo(f"审计失败 AUDIT FAILED: {error}")
        raise typer.Exit(1) from error
    head = report.checkpoint
    typer.echo(f"审计通过 AUDITED  {head.origin}  size {head.size}  {report.files} files  {report.bytes_read} bytes")


@app.command()
def watch(
    source: Source,
    key: Keys,
    state: Annotated[Path, typer.Option(help="状态文件 the last checkpoint seen is kept here")],
    every_s: Annotated[float, typer.Option(help="间隔秒 seconds between looks; 0 looks once")] = 60.0,
) -> None:
    """Follow the log: its growth must extend what was seen before. The checkpoint is stored only after scanning."""
    while True:
        try:
            report = audits.watch(
                _reader(source),
                key,
                state.read_text(encoding="utf-8") if state.exists() else None,
                lambda index, entry: typer.echo(f"{index}  {entry.hex()}"),
                lambda text: _store(state, text),
            )
        except (VerificationError, OSError) as error:
            _alarm(state, error)
            raise typer.Exit(1) from error
        typer.echo(
            f"{datetime.now(UTC).isoformat(timespec='seconds')}  size {report.checkpoint.size}  +{report.new_entries}"
        )
        if every_s <= 0:
            return
        time.sleep(every_s)


def _reader(source: str) -> Reader:
    return audits.url_reader(source) if "://" in source else audits.directory_reader(Path(source))


def _store(state: Path, text: str) -> None:
    scratch = state.with_name(state.name + ".new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(state)


def _alarm(state: Path, error: Exception) -> None:
    typer.echo(f"日志异常 THE LOG MISBEHAVES: {error}")
    for number, evidence in enumerate(getattr(error, "evidence", ()), 1):
        kept = state.with_name(f"{state.name}.evidence-{number}")
        kept.write_text(evidence, encoding="utf-8")
        typer.echo(f"证据 evidence: {kept}")
