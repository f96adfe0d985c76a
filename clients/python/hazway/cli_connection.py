"""How a command reaches a server: options every online command shares, each with its variable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hazway import keys
from hazway.client import Client, Identity

Server = Annotated[str, typer.Option(envvar="HAZWAY_SERVER", help="服务器地址 host:port of the machine listener")]
IdentityFolder = Annotated[
    Path,
    typer.Option("--identity", envvar="HAZWAY_IDENTITY", help="证书目录 folder with authority.pem, key.pem, chain.pem"),
]
Organisation = Annotated[str, typer.Option(envvar="HAZWAY_ORGANISATION", help="单位编号 organisation id")]
Purpose = Annotated[str, typer.Option(help="查询事由（监管部门必填）why an authority looks; it is logged")]


def connect(server: str, identity: Path, organisation: str, signer: Path | None = None) -> Client:
    """A client for one command."""
    return Client(
        server,
        Identity.read(identity),
        organisation=organisation,
        signer=None if signer is None else keys.from_pem(signer.read_bytes()),
    )
