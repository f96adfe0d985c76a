"""A road to measure: durable servers in a folder of their own, api and worker as processes, fleets that report in columns.

Vehicles are registered by SQL: what is measured begins where a fact or a fix is in the logs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
from sqlalchemy import Connection, text

from hazway import keys
from hazway.client import Client, Identity
from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.registry.v1 import registry_pb2 as registry
from services import assembly, traceability
from services.monitoring import vehicles
from services.monitoring.facts import Goods, TripFact
from services.monitoring.log_store import SHARDS, Kind
from services.runtime import embedded
from services.runtime.certificates import Credentials, DevelopmentAuthority
from services.runtime.host import Host, open_host
from services.runtime.settings import Settings, to_environment

BATCH = 1_000
PERIOD_MS = 4_000  # so that a run of many reports stays within what ticks call present
METHOD = "/hazway.monitoring.v1.MonitoringService/ReportFixes"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class CatchUp:
    """What it took a worker to take in one waybill fact of every vehicle: wall and CPU-seconds, and by how many bytes it grew."""

    facts: int
    seconds: float
    cpu_s: float
    grown: int


@dataclass
class Road:
    settings: Settings
    host: Host
    authority: DevelopmentAuthority
    processes: dict[str, subprocess.Popen[bytes]]
    postgres_pid: int
    caught_up: CatchUp = CatchUp(0, 0.0, 0.0, 0)

    def port(self) -> int:
        told = json.loads((self.settings.home / assembly.PORTS_FILE).read_text("utf-8"))
        return int(told["machine_port"])

    def credentials(self, carrier: str) -> Credentials:
        return self.authority.issue(carrier)

    def client(self, organisation: str, signer: keys.Signer | None = None, *, port: int = 0) -> Client:
        """Calls the api process that was started last, or another's port."""
        issued = self.credentials(organisation)
        identity = Identity(authority=issued.authority, key=issued.key, chain=issued.chain)
        return Client(f"localhost:{port or self.port()}", identity, organisation=organisation, signer=signer)

    def cpu(self) -> dict[str, float]:
        """CPU-seconds used so far by api, worker and PostgreSQL with all its backends."""
        used = {name: cpu_of(process.pid) for name, process in self.processes.items()}
        used["postgres"] = cpu_of(self.postgres_pid, with_children=True)
        return used

    def start(self, role: str) -> None:
        if role == "api":
            (self.settings.home / assembly.PORTS_FILE).unlink(missing_ok=True)
        self.processes[role] = subprocess.Popen(
            [sys.executable, "-m", "services", "serve", "--role", role], env=to_environment(self.settings)
        )
        while role == "api" and not (self.settings.home / assembly.PORTS_FILE).exists():
            time.sleep(0.05)

    def holds(self) -> int:
        """How many shards of vehicles some worker holds."""
        query = text("SELECT count(*) FROM monitoring_cursors WHERE until >= clock_timestamp() AND shard < :shards")
        with self.host.engine.connect() as connection:
            return int(connection.execute(query, {"shards": SHARDS}).scalar_one())

    def lag(self) -> int:
        """Log entries not yet worked off."""
        with self.host.engine.connect() as connection:
            return int(
                connection.execute(
                    text("SELECT sum(last_seq - cursor) FROM monitoring_shards JOIN monitoring_cursors USING (shard)")
                ).scalar_one()
            )


def memory_of(pid: int) -> int:
    """Bytes of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_of(pid: int, *, with_children: bool = False) -> float:
    """User and system seconds of a process; with those of its children, living and waited for."""
    total = 0.0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total = sum(map(int, fields[11:15] if with_children else fields[11:13])) / TICKS
        if with_children:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            total += sum(cpu_of(int(child)) for child in children)
    except FileNotFoundError:
        return total
    return total


@contextmanager
def road(carriers: int, each: int, start_ms: int) -> Iterator[Road]:
    """An api and a worker over durable servers, with so many carriers of so many lorries, each on a trip with petrol."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    with ExitStack() as begun:
        home = Path(begun.enter_context(tempfile.TemporaryDirectory()))
        begun.callback(embedded.postgres.forget, home)
        postgres = embedded.postgres.start(home)
        redis = embedded.redis.start(home)
        begun.callback(redis.stop)
        settings = Settings(home=home, database_url=postgres.url, redis_url=redis.url, pool=8, log_level="WARNING")
        assembly.prepare(settings)
        host = open_host(settings)
        begun.callback(host.close)
        built = Road(settings, host, DevelopmentAuthority(home / "authority"), {}, postgres.pid)
        begun.callback(_end, built.processes)
        built.start("api")
        register(built, carriers, each)
        built.start("worker")
        built.caught_up = _catch_up(built, start_ms - 1_000)
        yield built


def _end(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        process.terminate()
    for process in processes.values():
        process.wait()


def _stop(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what was started here is stopped first, whoever insists
    sys.exit(143)


def carrier(number: int) -> str:
    return f"fleet{number}"


def register(built: Road, carriers: int, each: int) -> None:
    operator = built.client(traceability.OPERATOR, traceability.keeper_of(built.settings).operator)
    for number in range(carriers):
        organisation = registry.Organisation(
            id=carrier(number), name=f"车队{number}", credit_code=_credit_code(number), division_code="430181",
            kinds=[registry.ORGANISATION_KIND_CARRIER], phone="073100000000",
        )  # fmt: skip
        request = registry.RegisterOrganisationRequest(organisation=organisation)
        operator.call("hazway.registry.v1.RegistryService/RegisterOrganisation", request)
        ids = [f"{carrier(number)}-{lorry}" for lorry in range(each)]
        with built.host.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO registry_things (kind, id, owner_id, version, recorded_at)"
                    " SELECT 'vehicle', unnest(CAST(:ids AS text[])), :owner, 1, now()"
                ),
                {"ids": ids, "owner": carrier(number)},
            )
            vehicles.ensure(connection, carrier(number), dict.fromkeys(ids, "430181"))
    operator.close()
    with built.host.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE registry_things, monitoring_vehicles"))


def _catch_up(built: Road, at_ms: int) -> CatchUp:
    """Put one fact of every vehicle into the logs, once the worker holds all shards, and wait until it has taken them in."""
    while built.holds() < SHARDS:
        time.sleep(0.2)
    time.sleep(2.0)
    pid = built.processes["worker"].pid
    memory, used, began = memory_of(pid), cpu_of(pid), time.monotonic()
    with built.host.engine.begin() as connection:
        facts = _depart_all(connection, at_ms)
    _wait_until_idle(built, 600.0)
    seconds = time.monotonic() - began
    time.sleep(2.0)
    return CatchUp(facts, seconds, cpu_of(pid) - used, memory_of(pid) - memory)


def _depart_all(connection: Connection, at_ms: int) -> int:
    """One fact of each vehicle, on its way with petrol, written by the database from one that was encoded."""
    body = TripFact(
        vehicle=0, at_ms=at_ms, waybill_id="w-0", carrier_id="?", under_way=True, loaded=True, goods=(Goods("1203", ("3",)),),
        tunnel_forbidden="DE",
    ).encode()  # fmt: skip
    connection.execute(text("SELECT FROM monitoring_shards ORDER BY shard FOR UPDATE"))
    count = connection.execute(
        text(
            "WITH told AS (INSERT INTO monitoring_log (shard, seq, kind, body)"
            "  SELECT shard, last_seq + row_number() OVER (PARTITION BY shard ORDER BY number), :kind,"
            "   convert_to(replace(replace(replace(:body, :no_vehicle, :vehicle || number), '\"w-0\"', '\"w-' || number || '\"'),"
            "    '\"?\"', '\"' || carrier_id || '\"'), 'UTF8')"
            "  FROM monitoring_vehicles JOIN monitoring_shards USING (shard) RETURNING shard, seq),"
            " moved AS (UPDATE monitoring_shards AS s SET last_seq = t.seq"
            "  FROM (SELECT shard, max(seq) AS seq FROM told GROUP BY shard) AS t WHERE s.shard = t.shard)"
            " SELECT count(*) FROM told"
        ),
        {"kind": int(Kind.TRIP), "body": body.decode(), "no_vehicle": '"vehicle":0', "vehicle": '"vehicle":'},
    ).scalar_one()
    return int(count)


def _credit_code(number: int) -> str:
    from services.registry.invented import credit_code

    return credit_code(1_000 + number)


def _wait_until_idle(built: Road, patience_s: float = 120.0) -> float:
    """Seconds until everything in the logs has been worked off. Raises ``TimeoutError``."""
    began = time.monotonic()
    while built.lag() > 0:
        if time.monotonic() - began > patience_s:
            raise TimeoutError(f"{built.lag()} entries are still to be worked off")
        time.sleep(0.05)
    return time.monotonic() - began


wait_until_idle = _wait_until_idle


class Fleet:
    """Lorries of one carrier on their way, each at a place of its own, north or east; a share ``fast`` of them at 120 km/h
    for 80 s in every 160. They report every 4 s."""

    def __init__(self, rng: np.random.Generator, number: int, each: int, start_ms: int, fast: float = 0.001) -> None:
        self._rng, self._at_ms, self._turn = rng, start_ms, 0
        self._ids = [f"{carrier(number)}-{lorry}" for lorry in range(each)]
        self._latitude = rng.integers(220_000_000, 400_000_000, each)
        self._longitude = rng.integers(1_000_000_000, 1_180_000_000, each)
        self._odometer = rng.integers(10**6, 10**9, each)
        self._heading = rng.choice([0, 90], each)
        self._fast = rng.random(each) < fast

    @property
    def at_ms(self) -> int:
        """When the newest reports are from."""
        return self._at_ms

    def set_off(self, at_ms: int) -> None:
        """The next reports are from then on."""
        self._at_ms = at_ms

    def messages(self, rounds: int) -> list[bytes]:
        """The next so many reports of every lorry, as messages of 1,000 fixes in columns."""
        found: list[bytes] = []
        for _ in range(rounds):
            speed = np.where(self._fast & (self._turn % 40 < 20), 1_200, self._rng.integers(300, 580, len(self._ids)))
            metres = speed * PERIOD_MS // 36_000
            self._latitude = self._latitude + np.where(self._heading == 0, metres * 90, 0)
            self._longitude = self._longitude + np.where(self._heading == 90, metres * 90, 0)
            self._odometer = self._odometer + metres * 10
            self._at_ms, self._turn = self._at_ms + PERIOD_MS, self._turn + 1
            for begin in range(0, len(self._ids), BATCH):
                found.append(self._message(slice(begin, min(begin + BATCH, len(self._ids))), speed, len(found) + 1))
        return found

    def _message(self, rows: slice, speed: np.ndarray, batch: int) -> bytes:
        count = rows.stop - rows.start
        # Gateways gather what comes in within a second: no two lorries report in the same moment.
        seconds = np.sort(np.arange(rows.start, rows.stop) % 4) * 1_000 + self._at_ms
        columns = pb.FixColumns(
            vehicle_ids=self._ids[rows], vehicle=range(count), time_ms_delta=np.diff(seconds, prepend=0).tolist(),
            latitude_e7=self._latitude[rows].tolist(), longitude_e7=self._longitude[rows].tolist(),
            speed_dkmh=speed[rows].tolist(), heading_deg=self._heading[rows].tolist(),
            odometer_dm=self._odometer[rows].tolist(),
        )  # fmt: skip
        return pb.ReportFixesRequest(batch=batch, columns=columns).SerializeToString()


def send(port: int, credentials: Credentials, messages: Sequence[bytes], *, per_s: float = 0.0) -> float:
    """Send over one stream and wait for every answer; seconds taken. ``per_s`` messages a second, or as fast as it goes."""
    security = grpc.ssl_channel_credentials(credentials.authority, credentials.key, credentials.chain)
    with grpc.secure_channel(f"localhost:{port}", security, (("grpc.use_local_subchannel_pool", 1),)) as channel:
        began = time.monotonic()

        def paced() -> Iterator[bytes]:
            for number, message in enumerate(messages):
                if per_s:
                    time.sleep(max(0.0, began + number / per_s - time.monotonic()))
                yield message

        answered = sum(1 for _ in channel.stream_stream(METHOD, _same, _same)(paced()))
        if answered != len(messages):
            raise RuntimeError(f"{answered} of {len(messages)} answered")
        return time.monotonic() - began


def send_all(
    port: int, credentials: Sequence[Credentials], messages: Sequence[Sequence[bytes]], *, per_s: float = 0.0
) -> float:
    """Several fleets at once, each over a connection of its own; seconds until the last answer."""
    failed: list[BaseException] = []

    def one(who: Credentials, what: Sequence[bytes]) -> None:
        try:
            send(port, who, what, per_s=per_s)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=pair) for pair in zip(credentials, messages, strict=True)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.monotonic() - began


def _same(message: bytes) -> bytes:
    return message
