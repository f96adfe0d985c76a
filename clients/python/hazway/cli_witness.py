"""``hazway log witness`` and ``hazway log witness-key``: watch over somebody else's log by cosigning it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from hazway import note
from hazway.errors import VerificationError
from hazway.witness_server import Store, WitnessServer


def make_key(
    name: Annotated[str, typer.Argument(help="见证方名称 name, e.g. witness.example/police")],
    out: Annotated[Path, typer.Option(help="私钥文件 file for the private key; must not exist")],
) -> None:
    """Make a witness key. Prints the public key, which goes into the policy file of whoever relies on the witness."""
    private, public = note.generate(name, note.COSIGNATURE)
    with open(out, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(private + "\n")
    typer.echo(public)


def witness(
    key: Annotated[Path, typer.Option("--key", help="私钥文件 private key file (witness-key makes one)")],
    log: Annotated[list[str], typer.Option("--log", help="日志公钥 vkey of a log to cosign; may be repeated")],
    state: Annotated[Path, typer.Option("--state", help="状态目录 folder of what was cosigned; never set it back")],
    listen: Annotated[
        str, typer.Option("--listen", help="监听地址 host:port; port 0 takes a free one")
    ] = "127.0.0.1:0",
) -> None:
    """Cosign a log's checkpoints, each only when it extends the last one. Serves until Ctrl-C."""
    host, _, port = listen.rpartition(":")
    try:
        signer = note.parse_signer(key.read_text(encoding="utf-8").strip())
        server = WitnessServer(signer, log, Store(state, signer.verifier), (host.strip("[]"), int(port)))
    except (VerificationError, OSError, ValueError) as error:
        typer.echo(f"见证服务无法启动 the witness cannot start: {error}", err=True)
        raise typer.Exit(1) from error
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    threading.Thread(target=server.serve, name="witness", daemon=True).start()
    typer.echo(f"见证 witness {signer.verifier}  http://{host}:{server.port}")
    told.wait()
    server.close()
