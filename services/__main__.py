"""``hazway-server``: serve, migrate, keys, goods, registry, region, demo."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services import waybill
from services.goods.cli import app as goods_app
from services.monitoring.cli import app as figures_app
from services.registry import cli as registry_cli
from services.runtime.logs import log_to_stderr
from services.runtime.settings import Settings, read_settings
from services.zones.cli import region_app, zones_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Hazway 危险货物道路运输服务端 server",
)
app.add_typer(goods_app, name="goods")
app.add_typer(region_app, name="region")
app.add_typer(zones_app, name="zones")
app.add_typer(registry_cli.commands(waybill.one_and_the_same), name="registry")
app.add_typer(figures_app, name="figures")
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


@app.command()
def demo(
    region: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="OpenStreetMap 文件；缺省为自带示例路网")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读的报告 a report for machines")] = False,
    serve_on: Annotated[bool, typer.Option("--serve", help="演示后继续服务 keep serving until Ctrl-C")] = False,
) -> None:
    """Play one petrol tanker's trip on a real road network. Exits 0 only if every expectation held."""
    from services import demo as performance

    settings = read_settings()
    log_to_stderr("WARNING")
    try:
        held = performance.run(settings, region=region, as_json=as_json, serve=serve_on)
    except performance.NotOnAnExternalDatabase as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from refused
    raise typer.Exit(0 if held else 1)


@keys_app.command("trust")
def print_trust() -> None:
    """Print the trust file that `hazway record verify` needs."""
    from services import traceability

    print(traceability.trust_file(traceability.keeper_of(read_settings())))


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
    from services.supervisor import Supervisor

    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    supervisor = Supervisor(settings)
    print(json.dumps({"serving": supervisor.start(), "home": str(settings.home)}), flush=True)
    told.wait()
    supervisor.stop()


def main() -> None:
    app()


if __name__ == "__main__":
    main()
