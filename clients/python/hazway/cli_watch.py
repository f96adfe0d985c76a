"""``hazway watch``: vehicles and alarms, live in the terminal."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import typer

from hazway.alarms.v1 import alarms_pb2
from hazway.cli_connection import IdentityFolder, Organisation, Purpose, Server, connect
from hazway.client import Client
from hazway.monitoring.v1 import monitoring_pb2
from hazway.refusals import Refused


def watch(server: Server, identity: IdentityFolder, organisation: Organisation, purpose: Purpose = "") -> None:
    """Print vehicles and alarms as they change, until Ctrl-C."""
    with connect(server, identity, organisation) as client:
        try:
            for line in lines(client, purpose):
                typer.echo(line)
        except KeyboardInterrupt:
            return
        except Refused as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(1) from refusal


def lines(client: Client, purpose: str) -> Iterable[str]:
    """What a person at a terminal wants to see, a line each. Raises ``Refused`` when a stream breaks."""
    heard: queue.Queue[str | Refused] = queue.Queue()
    for method, request, show in (
        ("hazway.alarms.v1.AlarmService/WatchAlarms", alarms_pb2.WatchAlarmsRequest(), _alarms),
        ("hazway.monitoring.v1.MonitoringService/WatchVehicles", monitoring_pb2.WatchVehiclesRequest(), _vehicles),
    ):
        threading.Thread(target=_listen, args=(client, method, request, purpose, show, heard), daemon=True).start()
    while True:
        line = heard.get()
        if isinstance(line, Refused):
            raise line
        yield line


def _listen(
    client: Client, method: str, request: Any, purpose: str, show: Any, heard: queue.Queue[str | Refused]
) -> None:
    try:
        for response in client.stream(method, request, purpose=purpose):
            for line in show(response):
                heard.put(line)
    except Refused as refusal:
        heard.put(refusal)


def _alarms(response: alarms_pb2.WatchAlarmsResponse) -> Iterable[str]:
    for alarm in response.alarms:
        at = alarm.occurred_at.ToDatetime(UTC)
        mark = "‼" if alarm.severity == alarms_pb2.SEVERITY_GRAVE else "!"
        if alarm.state == alarms_pb2.ALARM_STATE_WITHDRAWN:
            mark = "撤销 withdrawn"
        yield f"{at:%H:%M:%S} {mark} {alarm.text_zh}  {alarm.text_en}  [{alarm.vehicle_id or alarm.carrier_id}]"


def _vehicles(response: monitoring_pb2.WatchVehiclesResponse) -> Iterable[str]:
    for state in response.vehicles:
        at = datetime.fromtimestamp(state.time_ms / 1000, UTC)
        where = f"{state.position.latitude_e7 / 1e7:.5f}, {state.position.longitude_e7 / 1e7:.5f}"
        yield f"{at:%H:%M:%S}   {state.vehicle_id}  {where}  {state.speed_dkmh / 10:.0f} km/h"
