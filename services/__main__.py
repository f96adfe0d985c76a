"""``hazway-server``: serve, migrate, keys, goods, registry, region, demo."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.goods.cli import app as goods_app
from services.runtime.logs import log_to_stderr
from services.runtime.settings import Settings, read_settings, to_environment

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Hazway 危险货物道路运输服务端 server")
app.add_typer(goods_app, name="goods")
keys_app = typer.Typer(no_args_is_help=True, help="证书 certificates of the development authority")
app.add_typer(keys_app, name="keys")


class Role(StrEnum):
    API = "api"
    WORKER = "worker"
    ALL = "all"


@app.command()
def serve(role: Annotated[Role, typer.Option(help="api、worker，或由一个进程看管全部 all")] = Role.ALL) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    settings = read_settings()
    log_to_stderr(settings.log_level)
    from services import assembly

    if role is Role.API:
        asyncio.run(assembly.run_api(settings))
    elif role is Role.WORKER:
        assembly.run_worker(settings)
    else:
        _supervise(settings)


@app.command()
def migrate() -> None:
    """Bring the database to this version; safe to run again."""
    from services import assembly
    from services.runtime.host import embedded_servers

    with embedded_servers(read_settings()) as settings:
        for migration in assembly.prepare(settings):
            print(f"{migration.slice} {migration.number:04} {migration.name}")


@keys_app.command("issue")
def issue_certificate(
    organisation: Annotated[str, typer.Argument(help="单位编号 organisation id")],
    out: Annotated[Path, typer.Option(help="存放目录 folder for key.pem, chain.pem, authority.pem")],
    person: Annotated[str, typer.Option(help="人员编号 person id")] = "",
) -> None:
    """Issue a P-256 certificate that names an organisation, or a person of it."""
    from services.runtime.certificates import DevelopmentAuthority

    DevelopmentAuthority(read_settings().home / "authority").issue(organisation, person).write(out)
    print(out)


def _supervise(settings: Settings) -> None:
    """Start PostgreSQL and Redis where none are named, one api and one worker; start again whichever dies."""
    from services import assembly
    from services.runtime.host import embedded_servers

    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with embedded_servers(settings) as ready:
        assembly.prepare(ready)
        children: dict[Role, subprocess.Popen[bytes]] = {}
        while not stopping:
            for role in (Role.API, Role.WORKER):
                if role not in children or children[role].poll() is not None:
                    children[role] = _start(role, ready)
            time.sleep(0.2)
        for child in children.values():
            child.send_signal(signal.SIGTERM)
        for child in children.values():
            child.wait()


def _start(role: Role, settings: Settings) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "services", "serve", "--role", role.value]
    return subprocess.Popen(command, env=to_environment(settings), start_new_session=True)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
