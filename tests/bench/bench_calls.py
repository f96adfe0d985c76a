"""Committed unary calls over gRPC: registering a vehicle against a call that commits nothing but its request id. JSON lines.

Both are one method of one listener, told apart by the request, and sent in turn at 1, 16 and 64 callers; PostgreSQL is as
durable as in service. Callers are threads of a process of their own; requests are signed beforehand. Each line has calls
a second (median of five runs, in ``runs`` all of them) and CPU milliseconds a call of the api and of PostgreSQL.

HAZWAY_BENCH_CALLS is how many calls a run makes (400).
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from typing import Any

import grpc

from hazway import body, ids, keys, statement
from hazway.acts import ACTS
from hazway.client import Client
from hazway.registry.v1 import registry_pb2 as pb
from services.registry import puts
from services.runtime import embedded
from services.runtime.access import Relation
from services.runtime.call import Call

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.cast import CARRIER, a_licence, a_vehicle
from tests.integration.registry.registry_house import an_organisation
from tests.world import World, running_world

RUNS = 5
CALLS = int(os.environ.get("HAZWAY_BENCH_CALLS", "400"))
CALLERS = (1, 16, 64)
METHOD = "hazway.registry.v1.RegistryService/PutVehicle"
# The etag of a request that shall only be committed.
EMPTY = "empty"


def offer_the_empty_call() -> None:
    """Beside the real one, by the same method."""
    real: Callable[[Call, Any], Any] = puts.put_vehicle

    def either(call: Call, request: Any) -> Any:
        if request.etag != EMPTY:
            return real(call, request)
        call.allow([Relation.OWN])
        return pb.PutVehicleResponse()

    puts.put_vehicle = either  # before the services are put together


def a_carrier(world: World) -> keys.Signer:
    """Registered, licensed, and with a key."""
    registry = METHOD.partition("/")[0]
    carrier = an_organisation(CARRIER, pb.ORGANISATION_KIND_CARRIER, "440300", 1)
    world.operator.call(f"{registry}/RegisterOrganisation", pb.RegisterOrganisationRequest(organisation=carrier))
    world.operator.call(f"{registry}/PutLicence", pb.PutLicenceRequest(licence=a_licence(CARRIER)))
    signer = keys.generate()
    client: Client = world.client(CARRIER)
    client.register_key(signer)
    return signer


def requests(world: World, signer: keys.Signer, etag: str) -> Iterator[bytes]:
    """Signed, each for a vehicle of its own."""
    for number in NUMBERS:
        vehicle = a_vehicle(ids.new_id(), CARRIER)
        vehicle.plate, vehicle.vin = (
            f"粤{'ABCDEFGHJK'[number // 90_000]}{10_000 + number % 90_000}",
            f"LHAZWAY{number:010}",
        )
        vehicle.permit_number, vehicle.positioning_device = f"4403{number:08}", f"T{number:06}"
        request = pb.PutVehicleRequest(request_id=ids.new_id(), vehicle=vehicle, etag=etag)
        request.statement = statement.make(
            signer, issuer=CARRIER, subject=ACTS[METHOD].subject(request), kind=ACTS[METHOD].kind,
            request_id=request.request_id, body=body.body_of(request), issued_at=world.clock.now(),
        )  # fmt: skip
        yield request.SerializeToString()


NUMBERS = count()


class Callers:
    """The process that calls one method for the carrier."""

    def __init__(self, world: World, method: str = METHOD) -> None:
        self._child = subprocess.Popen(
            [sys.executable, __file__, "call"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._tell((world.listeners.machine_port, world.authority.issue(CARRIER, ""), method))

    def call(self, callers: int, made: list[bytes]) -> float:
        """Seconds until all are answered."""
        self._tell((callers, made))
        assert self._child.stdout is not None
        seconds: float = json.loads(self._child.stdout.readline())
        return seconds

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait()

    def _tell(self, what: object) -> None:
        assert self._child.stdin is not None
        pickle.dump(what, self._child.stdin)
        self._child.stdin.flush()


def call_as_told() -> None:
    """What the process that calls does: each caller with its share, on one connection for every eight of them."""
    told = sys.stdin.buffer
    port, identity, method = pickle.load(told)  # noqa: S301
    credentials = grpc.ssl_channel_credentials(identity.authority, identity.key, identity.chain)
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1))
    channels = [grpc.secure_channel(f"localhost:{port}", credentials, options) for _ in range(8)]
    sent = [channel.unary_unary(f"/{method}", None, None) for channel in channels]
    for channel in channels:
        grpc.channel_ready_future(channel).result(20)
    while True:
        try:
            callers, made = pickle.load(told)  # noqa: S301
        except EOFError:
            return
        print(timed(sent, callers, made), flush=True)


def timed(sent: Sequence[Callable[..., Any]], callers: int, made: list[bytes]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(lambda at: [sent[at % 8](one, timeout=60) for one in made[at::callers]], range(callers)))
    return time.perf_counter() - began


def postgres_seconds(pid: int) -> float:
    """CPU of the server and its children, those that ended too."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
        elif stat.parent.name == str(pid):
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(world: World, callers: Callers, postmaster: int, signer: keys.Signer) -> None:
    kinds = {"empty": requests(world, signer, EMPTY), "put_vehicle": requests(world, signer, "")}
    for made in kinds.values():
        callers.call(8, list(islice(made, 50)))
    for at_once in CALLERS:
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        cpu: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
        for _ in range(RUNS):
            for kind, made in kinds.items():
                batch = list(islice(made, CALLS))
                before = time.process_time(), postgres_seconds(postmaster)
                rates[kind].append(CALLS / callers.call(at_once, batch))
                cpu[kind].append((time.process_time() - before[0], postgres_seconds(postmaster) - before[1]))
        for kind, runs in rates.items():
            api, postgres = (statistics.median(each) * 1e3 / CALLS for each in zip(*cpu[kind], strict=True))
            tell(kind, at_once, runs, api, postgres, statistics.median(runs) / statistics.median(rates["empty"]))


def tell(kind: str, callers: int, runs: list[float], api: float, postgres: float, of_empty: float) -> None:
    line = {
        "bench": f"calls.{kind}", "callers": callers, "per_s": round(statistics.median(runs)), "runs": [round(run) for run in runs],
        "api_cpu_ms": round(api, 2), "postgres_cpu_ms": round(postgres, 2), "of_empty": round(of_empty, 2),
        "load": round(os.getloadavg()[0], 1), "cpus": os.cpu_count(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)


def main() -> None:
    offer_the_empty_call()
    with tempfile.TemporaryDirectory(prefix="hazway-bench-") as folder:
        home = Path(folder)
        started = [embedded.postgres.start(home), embedded.redis.start(home)]
        try:
            with running_world(home, started[0].url, started[1].url) as world:
                callers = Callers(world)
                measure(world, callers, started[0].pid, a_carrier(world))
                callers.close()
        finally:
            for server in reversed(started):
                server.stop()


if __name__ == "__main__":
    call_as_told() if sys.argv[1:] == ["call"] else main()
