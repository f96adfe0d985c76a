"""``hazway``: the thin client's command line. Needs the extra ``hazway[cli]``."""

from __future__ import annotations

import typer

from hazway import cli_consignment, cli_handover, cli_log, cli_record, cli_watch, cli_waybill

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Hazway 危险货物道路运输客户端 client",
    pretty_exceptions_enable=False,
)
app.add_typer(cli_record.app, name="record")
app.add_typer(cli_log.app, name="log")
app.add_typer(cli_waybill.app, name="waybill")
app.add_typer(cli_handover.app, name="handover")
app.add_typer(cli_consignment.app, name="consignment")
app.command("watch")(cli_watch.watch)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
