"""The one adapter over a real database: one effect for one request id, nothing half done, nothing allowed by forgetting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Finding, Refusal
from services.errors.common import STALE_ETAG
from services.runtime.access import Relation, Role
from services.runtime.adapter import Adapter, Asked
from services.runtime.bus import Bus
from services.runtime.call import Call, Caller
from services.runtime.clock import HandClock
from services.runtime.database import connect
from services.runtime.migrations import migrate, migrations
from services.runtime.settings import Settings

PUT, GET = "hazway.registry.v1.RegistryService/PutVehicle", "hazway.registry.v1.RegistryService/GetVehicle"
CALLERS = {
    "carrier": Caller("carrier", roles=frozenset({Role.CARRIER})),
    "rival": Caller("rival", roles=frozenset({Role.CARRIER})),
    "police": Caller("police", roles=frozenset({Role.POLICE})),
}
Handler = Callable[[Call, Any], Any]


@dataclass
class Counter:
    """One adapter, and a table in which every effect is a row."""

    adapter: Adapter
    engine: Engine
    known: dict[str, Caller] = field(default_factory=lambda: dict(CALLERS))
    tries: int = 0

    def ask(self, handler: Handler, request: Any, organisation: str = "carrier", **asked: Any) -> Any:
        said = Asked(**{"method": PUT, "organisation": organisation, "person": "", "purpose": "", **asked})
        return asyncio.run(self.adapter.unary(said, handler, request, pb.PutVehicleResponse))

    def outcome(self, handler: Handler, request: Any, **asked: Any) -> str:
        """The first reason it is refused for, or OK."""
        try:
            self.ask(handler, request, **asked)
        except Refusal as refusal:
            return refusal.findings[0].reason.name
        return "OK"

    def act(self, call: Call, request: Any) -> pb.PutVehicleResponse:
        """A handler with an effect and an answer of its own each time it runs."""
        call.allow([Relation.OWN])
        self.tries += 1
        number = call.transaction.execute(text("INSERT INTO effects DEFAULT VALUES RETURNING id")).scalar_one()
        return pb.PutVehicleResponse(vehicle=pb.Vehicle(id=request.vehicle.id, vin=str(number)))

    def count(self, table: str = "effects") -> int:
        with self.engine.begin() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture
def counter(database_url: str, tmp_path: Path) -> Iterator[Counter]:
    engine, clock = connect(database_url, pool=12), HandClock()
    migrate(engine, list(migrations(["runtime"])))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY)"))
    adapter = Adapter(
        Settings(home=tmp_path, pool=8), engine, Bus("redis://127.0.0.1:1"), clock,
        lambda _connection, organisation, _person, _at: opened.known.get(organisation),
    )  # fmt: skip
    opened = Counter(adapter, engine)
    yield opened
    adapter.close()
    engine.dispose()


def a_request(request_id: str = "r-1", vehicle: str = "v-1") -> pb.PutVehicleRequest:
    return pb.PutVehicleRequest(request_id=request_id, vehicle=pb.Vehicle(id=vehicle))


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    together = threading.Barrier(len(calls))

    def begin(call: Callable[[], Any]) -> Any:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


def test_one_request_sent_by_eight_at_once_has_one_effect_and_one_answer(counter: Counter) -> None:
    for number in range(10):
        request = a_request(f"r-{number}")
        answers = at_once([partial(counter.ask, counter.act, request)] * 8)
        assert len({answer.SerializeToString() for answer in answers}) == 1
        assert counter.count() == number + 1
    assert counter.tries == 10


def test_other_content_under_the_same_id_is_refused_also_at_once(counter: Counter) -> None:
    outcomes = at_once([partial(counter.outcome, counter.act, a_request(vehicle=f"v-{number}")) for number in range(8)])
    assert sorted(outcomes) == ["OK"] + ["REQUEST_ID_REUSED"] * 7
    assert counter.outcome(counter.act, a_request(vehicle="v-99")) == "REQUEST_ID_REUSED"
    assert counter.count() == 1


def test_an_id_is_of_its_organisation_and_method_alone(counter: Counter) -> None:
    for organisation in ("carrier", "rival"):
        for method in (PUT, "hazway.registry.v1.RegistryService/PutTank"):
            counter.ask(counter.act, a_request(), organisation, method=method)
    assert counter.count() == 4


def test_the_first_of_two_fails_and_the_one_that_waited_acts(counter: Counter) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def fail(call: Call, _request: Any) -> Any:
        call.allow([Relation.OWN])
        inside.set()
        go_on.wait(5)
        raise Refusal((Finding(reason=STALE_ETAG),))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(counter.outcome, fail, a_request())
        assert inside.wait(5)
        second = pool.submit(counter.outcome, counter.act, a_request())
        go_on.set()
        assert (first.result(), second.result()) == ("STALE_ETAG", "OK")
    assert (counter.count(), counter.count("runtime_requests")) == (1, 1)


def test_a_refused_request_may_be_sent_again_under_its_id(counter: Counter) -> None:
    def refuse(call: Call, request: Any) -> Any:
        counter.act(call, request)
        raise Refusal((Finding(reason=STALE_ETAG),))

    assert counter.outcome(refuse, a_request()) == "STALE_ETAG"
    assert (counter.count(), counter.count("runtime_requests")) == (0, 0)
    assert counter.outcome(counter.act, a_request(vehicle="v-2")) == "OK"


def test_a_look_before_signing_leaves_nothing(counter: Counter) -> None:
    request = a_request()
    request.validate_only = True
    assert counter.ask(counter.act, request).vehicle.vin == "1"
    assert (counter.count(), counter.count("runtime_requests")) == (0, 0)
    assert counter.outcome(counter.act, a_request()) == "OK"


@pytest.mark.parametrize("validate_only", [False, True])
def test_a_handler_that_forgets_to_ask_fails_closed(counter: Counter, validate_only: bool) -> None:
    def forget(call: Call, _request: Any) -> Any:
        call.transaction.execute(text("INSERT INTO effects DEFAULT VALUES"))
        return pb.PutVehicleResponse(vehicle=pb.Vehicle(id="secret"))

    request = a_request()
    request.validate_only = validate_only
    assert counter.outcome(forget, request) == "INTERNAL"
    assert counter.outcome(forget, pb.GetVehicleRequest(), method=GET) == "INTERNAL"
    assert counter.count() == 0


def test_a_piece_of_a_stream_that_forgets_to_ask_fails_closed(counter: Counter) -> None:
    asked = Asked(method=GET, organisation="carrier", person="")
    with pytest.raises(Refusal) as refusal:
        asyncio.run(counter.adapter.run(asked, lambda _call: "secret"))
    assert refusal.value.findings[0].reason.name == "INTERNAL"


def test_whoever_is_known_no_more_gets_not_even_the_old_answer(counter: Counter) -> None:
    assert counter.outcome(counter.act, a_request()) == "OK"
    del counter.known["carrier"]
    assert counter.outcome(counter.act, a_request()) == "NOT_AUTHENTICATED"


def test_nothing_begins_after_the_deadline(counter: Counter) -> None:
    late = datetime.now(UTC) - timedelta(milliseconds=1)
    assert counter.outcome(counter.act, a_request(), deadline=late) == "DEADLINE"
    assert counter.tries == 0
    assert counter.outcome(counter.act, a_request(), deadline=datetime.now(UTC) + timedelta(seconds=20)) == "OK"


def faulty(counter: Counter, statement: str, times: int) -> Handler:
    """The counting handler, after whose effect the database fails so many times."""
    left = [times]

    def handler(call: Call, request: Any) -> Any:
        answer = counter.act(call, request)
        if left[0]:
            left[0] -= 1
            call.transaction.execute(text(statement))
        return answer

    return handler


def raising(state: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'secret detail' USING ERRCODE = '{state}'; END $$"


LOST = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.mark.parametrize("fault", [raising("40001"), raising("40P01"), raising("55P03"), raising("53300"), LOST])
def test_what_another_try_mends_is_tried_again_and_done_once(counter: Counter, fault: str) -> None:
    assert counter.outcome(faulty(counter, fault, 2), a_request()) == "OK"
    assert (counter.tries, counter.count(), counter.count("runtime_requests")) == (3, 1, 1)


def test_a_fault_that_stays_is_busy_and_leaves_nothing(counter: Counter) -> None:
    assert counter.outcome(faulty(counter, raising("40001"), 99), a_request()) == "BUSY"
    assert (counter.tries, counter.count()) == (4, 0)
    assert counter.outcome(counter.act, a_request()) == "OK"


def test_no_other_try_begins_after_the_deadline(counter: Counter) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=120)
    assert counter.outcome(faulty(counter, raising("40001"), 99), a_request(), deadline=soon) == "DEADLINE"
    assert counter.tries < 4


@pytest.mark.parametrize("fault", [raising("54000"), raising("23505"), "SELECT 1 / 0"])
def test_what_no_try_mends_is_internal_at_once_and_tells_no_detail(counter: Counter, fault: str) -> None:
    with pytest.raises(Refusal) as refusal:
        counter.ask(faulty(counter, fault, 1), a_request(), log_id="1234")
    (finding,) = refusal.value.findings
    assert (finding.reason.name, finding.values) == ("INTERNAL", {"error_id": "1234"})
    assert (counter.tries, counter.count()) == (1, 0)


def test_others_are_told_once_and_only_of_what_is_durable(counter: Counter) -> None:
    told: list[int] = []

    def tell(call: Call, request: Any) -> Any:
        call.on_commit(lambda: told.append(counter.count()))
        return counter.act(call, request)

    counter.ask(tell, a_request())
    counter.ask(tell, a_request())
    looked = a_request("r-2")
    looked.validate_only = True
    counter.ask(tell, looked)
    assert told == [1]


def test_an_authority_looks_with_a_purpose_and_leaves_a_trace(counter: Counter) -> None:
    def look(call: Call, _request: Any) -> Any:
        call.allow([Relation.JURISDICTION], subject="vehicle/v-1")
        return pb.Vehicle(id="v-1")

    def asked(**more: Any) -> str:
        return counter.outcome(look, pb.GetVehicleRequest(), organisation="police", method=GET, **more)

    assert asked() == "FIELD_MISSING"
    assert counter.count("runtime_looks") == 0
    assert asked(purpose="路检") == "OK"
    assert counter.count("runtime_looks") == 1
    assert counter.outcome(look, pb.GetVehicleRequest(), method=GET) == "NOT_FOUND"


@pytest.mark.parametrize("request_id", ["", " ", "é", "a\0b", "x" * 129])
def test_an_id_nobody_can_state_is_refused_before_anything_is_looked_up(counter: Counter, request_id: str) -> None:
    assert counter.outcome(counter.act, a_request(request_id)).startswith("FIELD_")
    assert counter.tries == 0
