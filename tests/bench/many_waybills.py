"""Very many invented waybills of very many invented carriers, copied into the real tables, and searches among them."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from hazway.waybill.v1 import waybill_pb2 as pb
from tests.cast import CARRIER, TRANSPORT, Cast, a_waybill

_SET = "-0"  # whose waybill is the pattern
_CARRIERS, _VEHICLES, _OWN_SHARE = 2_000, 50_000, 200
_DIVISIONS = [
    f"{province}{city:02}{county:02}"
    for province in (44, 43, 42, 36, 45)
    for city in range(1, 15)
    for county in range(1, 8)
]
_DAYS = 365
_PIECE = 20_000
_STATES = ("COMPLETED",) * 95 + ("ISSUED", "LOADED", "IN_TRANSIT", "ARRIVED", "VOIDED")
_COLUMNS = {
    "waybill_waybills": "id, number, state, carrier_id, departs_at, version, body, route, changed_at",
    "waybill_parties": "organisation_id, waybill_id, departs_at",
    "waybill_divisions": "waybill_id, division_code, departs_at",
    "waybill_plates": "plate, waybill_id",
    "waybill_references": "carrier_id, system, number, waybill_id",
}


def load(cast: Cast, many: int) -> None:
    """One in ``_OWN_SHARE`` is the cast's first carrier's; departures lie in the year before now; one in ten has a reference."""
    pattern = _pattern(cast)
    rng = random.Random(7)
    raw = cast.world.host.engine.raw_connection()
    try:
        with closing(raw.cursor()) as cursor:
            for first in range(0, many, _PIECE):
                pieces: dict[str, io.StringIO] = {table: io.StringIO() for table in _COLUMNS}
                for number in range(first, min(first + _PIECE, many)):
                    for table, row in _rows(pattern, number, cast.world.clock.now(), rng):
                        pieces[table].write("\t".join(row) + "\n")
                for table, piece in pieces.items():
                    piece.seek(0)
                    cursor.copy_expert(f"COPY {table} ({_COLUMNS[table]}) FROM STDIN", piece)
        raw.commit()
    finally:
        raw.close()
    with cast.world.host.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _COLUMNS:
            connection.execute(text(f"VACUUM ANALYZE {table}"))


def searches(cast: Cast, many: int) -> dict[str, tuple[str, Callable[[], pb.ListWaybillsRequest]]]:
    """By what, asked by whom, and a maker of requests that ask for something else each time."""
    rng = random.Random(11)
    now = cast.world.clock.now()

    def number() -> int:
        return rng.randrange(many)

    def own() -> int:
        return number() // _OWN_SHARE * _OWN_SHARE

    def in_a_week() -> pb.ListWaybillsRequest:
        since = now - timedelta(days=rng.randrange(7, _DAYS))
        request = pb.ListWaybillsRequest(states=[pb.STATE_COMPLETED])
        request.departs_from.FromDatetime(since)
        request.departs_to.FromDatetime(since + timedelta(days=7))
        return request

    return {
        "newest": (CARRIER, pb.ListWaybillsRequest),
        "number": (CARRIER, lambda: pb.ListWaybillsRequest(number=_number(own()))),
        "plate": (CARRIER, lambda: pb.ListWaybillsRequest(plate=_plate(own()))),
        "external_number": (CARRIER, lambda: pb.ListWaybillsRequest(external_number=f"ERP-{own()}")),
        "state_in_a_week": (CARRIER, in_a_week),
        "division_newest": (TRANSPORT, pb.ListWaybillsRequest),
        "division_plate": (TRANSPORT, lambda: pb.ListWaybillsRequest(plate=_plate(number()))),
        "division_in_a_week": (TRANSPORT, in_a_week),
    }


def _pattern(cast: Cast) -> dict[str, Any]:
    """A waybill as one is kept that was really issued."""
    message = a_waybill(departure=cast.world.clock.now() + timedelta(days=170), suffix=_SET)
    kept = cast.issue(message).waybill
    with cast.world.host.engine.connect() as connection:
        body: dict[str, Any] = connection.execute(
            text("SELECT body FROM waybill_waybills WHERE id = :id"), {"id": kept.id}
        ).scalar_one()
    return body


def _rows(
    pattern: dict[str, Any], number: int, now: datetime, rng: random.Random
) -> Iterator[tuple[str, tuple[str, ...]]]:
    waybill_id = f"many-{number}"
    carrier = CARRIER if number % _OWN_SHARE == 0 else f"carrier-{number % _CARRIERS}"
    departs = now - timedelta(seconds=rng.randrange(_DAYS * 86_400))
    at, state = departs.astimezone(UTC).isoformat(), rng.choice(_STATES)
    body = {
        **pattern, "id": waybill_id, "number": _number(number), "state": state, "planned_departure": at,
        "carrier": {**pattern["carrier"], "organisation_id": carrier},
        "external_refs": [{"system": "erp", "number": f"ERP-{number}"}],
    }  # fmt: skip
    written = json.dumps(body, ensure_ascii=False).replace("\\", "\\\\")
    yield (
        "waybill_waybills",
        (
            waybill_id,
            _number(number),
            state,
            carrier,
            at,
            "1",
            written,
            '{"line": [], "edge_keys": [], "zone_keys": []}',
            at,
        ),
    )
    for party in (carrier, f"consignor-{number % 500}", f"loader-{number % 300}", f"consignee-{rng.randrange(5_000)}"):
        yield "waybill_parties", (party, waybill_id, at)
    for division in {rng.choice(_DIVISIONS), rng.choice(_DIVISIONS), _DIVISIONS[number % len(_DIVISIONS)]}:
        yield "waybill_divisions", (waybill_id, division, at)
    yield "waybill_plates", (_plate(number), waybill_id)
    if number % 10 == 0:
        yield "waybill_references", (carrier, "erp", f"ERP-{number}", waybill_id)


def _number(number: int) -> str:
    return f"M{number:023}"


def _plate(number: int) -> str:
    vehicle = number % _VEHICLES
    return f"湘{'ABCDE'[vehicle // 10_000]}{10_000 + vehicle % 10_000}"
