"""Finding waybills among a million: the queries of ListWaybills by themselves, on tables filled by COPY. JSON lines.

Carriers, goods and divisions are as unequal as they are on the road: a few have most. Each line has the 50th and 99th
percentile in milliseconds of one kind of question, the asker and what is asked for drawn anew each time, and how many
answers were full pages. PostgreSQL is as in service but not durable, which reading does not ask for.

HAZWAY_BENCH_WAYBILLS is how many there are (1,000,000), HAZWAY_BENCH_ASKED how many questions of each kind (200).
"""

from __future__ import annotations

import io
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from services.runtime.database import connect
from services.runtime.embedded import postgres
from services.runtime.migrations import migrate
from services.runtime.plain import to_json
from services.waybill import search_store
from services.waybill.model import State
from services.waybill.search_store import Search
from tests.unit.services.waybill.petrol_trip import WAYBILL

WAYBILLS = int(os.environ.get("HAZWAY_BENCH_WAYBILLS", "1000000"))
ASKED = int(os.environ.get("HAZWAY_BENCH_ASKED", "200"))
PAGE = 51  # fifty and the one that tells of a further page
CARRIERS, CONSIGNORS, COUNTIES = 2_000, 5_000, 300
UN_NUMBERS = ("1203", "1202", *(f"{number:04}" for number in range(1005, 1205)))
NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAYS = 730


def uneven(chance: random.Random, count: int) -> int:
    """Below ``count``; the first tenth gets half of all."""
    return chance.randrange(max(1, count // 10)) if chance.random() < 0.5 else chance.randrange(count)


def division(county: int) -> str:
    return f"{(11, 32, 33, 37, 44, 50)[county % 6]}{1 + county // 6 % 10:02}{1 + county // 60:02}"


def plate(carrier: int, vehicle: int) -> str:
    return f"粤{'ABCDEFGH'[vehicle % 8]}{carrier * 40 + vehicle:05}"


def state(chance: random.Random, at: datetime) -> str:
    if at > NOW - timedelta(days=1):
        return chance.choice(("ISSUED", "LOADED", "IN_TRANSIT", "ARRIVED"))
    return chance.choices(("COMPLETED", "VOIDED", "REJECTED"), (989, 10, 1))[0]


def rows() -> Iterator[dict[str, list[str]]]:
    """Of each waybill, the lines for each table."""
    chance = random.Random(1)
    bodies = {un: to_json(WAYBILL).replace('"1203"', f'"{un}"').replace("\\", "\\\\") for un in UN_NUMBERS}
    for number in range(WAYBILLS):
        carrier, at = uneven(chance, CARRIERS), NOW - timedelta(seconds=chance.randrange(DAYS * 86_400))
        waybill_id, when = f"w{number:07}", at.isoformat()
        un = "1203" if chance.random() < 0.45 else UN_NUMBERS[uneven(chance, len(UN_NUMBERS))]
        parties = {f"carrier-{carrier}", f"consignor-{uneven(chance, CONSIGNORS)}", f"loader-{uneven(chance, 1_000)}"}
        places = {division(uneven(chance, COUNTIES)), division(uneven(chance, COUNTIES)), division(carrier % COUNTIES)}
        yield {
            "waybills (id, number, state, carrier_id, departs_at, version, body, route, changed_at)": [
                f"{waybill_id}\tC{number:023}\t{state(chance, at)}\tcarrier-{carrier}\t{when}\t1\t{bodies[un]}\t{{}}\t{when}"
            ],
            "parties (organisation_id, waybill_id, departs_at)": [f"{each}\t{waybill_id}\t{when}" for each in parties],
            "divisions (division_code, waybill_id, departs_at)": [f"{each}\t{waybill_id}\t{when}" for each in places],
            "plates (plate, waybill_id)": [f"{plate(carrier, chance.randrange(40))}\t{waybill_id}"],
        }


def fill(engine: Engine) -> None:
    waiting: dict[str, list[str]] = {}
    raw = engine.raw_connection()
    cursor = raw.cursor()

    def flush() -> None:
        for table, lines in waiting.items():
            cursor.copy_expert(f"COPY waybill_{table} FROM STDIN", io.StringIO("\n".join(lines) + "\n"))
        waiting.clear()

    for number, made in enumerate(rows(), start=1):
        for table, lines in made.items():
            waiting.setdefault(table, []).extend(lines)
        if number % 20_000 == 0:
            flush()
    flush()
    raw.commit()
    raw.close()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def questions(chance: random.Random) -> dict[str, Callable[[], Search]]:
    """Each kind, made anew at each call."""

    def mine() -> str:
        return f"carrier-{uneven(chance, CARRIERS)}"

    def theirs() -> str:
        return f"consignor-{uneven(chance, CONSIGNORS)}"

    def un() -> str:
        return UN_NUMBERS[uneven(chance, len(UN_NUMBERS))]

    def county() -> str:
        return division(chance.randrange(COUNTIES))

    def days() -> dict[str, Any]:
        since = NOW - timedelta(days=chance.randrange(DAYS))
        return {"departs_from": since, "departs_to": since + timedelta(days=chance.choice((1, 7, 30)))}

    return {
        "carrier_newest": lambda: Search(organisation_id=mine()),
        "carrier_by_plate": lambda: Search(organisation_id=(own := mine()), plate=plate(int(own[8:]), chance.randrange(40))),
        "carrier_by_number": lambda: Search(organisation_id=mine(), number=f"C{chance.randrange(WAYBILLS):023}"),
        "carrier_by_days": lambda: Search(organisation_id=mine(), **days()),
        "carrier_by_state": lambda: Search(organisation_id=mine(), states=(chance.choice(list(State)).name,)),
        "carrier_by_party": lambda: Search(organisation_id=mine(), party_id=theirs()),
        "carrier_by_goods": lambda: Search(organisation_id=mine(), un_number=un()),
        "carrier_by_goods_place_state": lambda: Search(
            organisation_id=mine(), un_number=un(), place=county(), states=("VOIDED",)
        ),
        "county_newest": lambda: Search(division=county()),
        "province_newest": lambda: Search(division=county()[:2]),
        "province_by_plate": lambda: Search(division="44", plate=plate(chance.randrange(CARRIERS), chance.randrange(40))),
        "province_by_days_goods": lambda: Search(division=county()[:2], un_number=un(), **days()),
        "province_by_state": lambda: Search(division=county()[:2], states=(chance.choice(list(State)).name,)),
        "province_by_party": lambda: Search(division=county()[:2], party_id=theirs()),
        "county_by_goods_party": lambda: Search(division=county(), un_number=un(), party_id=theirs()),
    }  # fmt: skip


def measured(engine: Engine) -> Iterator[dict[str, Any]]:
    for name, ask in questions(random.Random(2)).items():
        took, full = [], 0
        with engine.connect() as connection:
            for _ in range(ASKED):
                search = ask()
                began = time.perf_counter()
                found = search_store.page(connection, search, after=None, most=PAGE)
                took.append((time.perf_counter() - began) * 1e3)
                full += len(found) == PAGE
        cuts = statistics.quantiles(took, n=100)
        yield {
            "name": f"search_{name}", "waybills": WAYBILLS, "p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1),
            "full_pages": full, "asked": ASKED,
        }  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        server = postgres.start(Path(home), durable=False)
        try:
            engine = connect(server.url, pool=2)
            migrate(engine)
            fill(engine)
            for line in measured(engine):
                print(json.dumps({**line, "load": round(os.getloadavg()[0], 1)}), flush=True)
            engine.dispose()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
