"""Serials of each licence and day, and the blocks allotted of them: their tables' only writer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, Engine, text

from services.waybill.issuing.numbering import NumberBlock

_SERIALS = (
    "INSERT INTO waybill_serials AS s (licence_number, day, next) VALUES (:licence, :day, :count)"
    " ON CONFLICT (licence_number, day) DO UPDATE SET next = s.next + :count RETURNING next"
)
_NEXT = text(_SERIALS)
# Whatever is committed durably afterwards makes this durable too, as the log of the database has one order.
_NEXT_ALONE = text(f"{_SERIALS}, set_config('synchronous_commit', 'off', true)")


def next_serials(connection: Connection, licence_number: str, day: date, count: int) -> int:
    """The first of ``count`` new serials of the licence on the day, from 0; their row stays locked until the end."""
    past: int = connection.execute(_NEXT, {"licence": licence_number, "day": day, "count": count}).scalar_one()
    return past - count


def next_serials_alone(engine: Engine, licence_number: str, day: date, count: int) -> int:
    """As ``next_serials``, in a transaction of its own, so that nobody waits for its row."""
    with engine.begin() as connection:
        named = {"licence": licence_number, "day": day, "count": count}
        past: int = connection.execute(_NEXT_ALONE, named).scalar_one()
    return past - count


_INSERT_BLOCK = text(
    "INSERT INTO waybill_blocks (carrier_id, licence_number, day, first, past, allotted_at)"
    " VALUES (:carrier, :licence, :day, :first, :past, :now)"
)


def insert_block(connection: Connection, carrier_id: str, block: NumberBlock, now: datetime) -> None:
    connection.execute(
        _INSERT_BLOCK,
        {
            "carrier": carrier_id,
            "licence": block.licence_number,
            "day": block.day,
            "first": block.first,
            "past": block.end,
            "now": now,
        },
    )


_BLOCKS_OF = text(
    "SELECT licence_number, day, first, past FROM waybill_blocks WHERE carrier_id = :carrier AND day = :day"
)


def blocks_of(connection: Connection, carrier_id: str, day: date) -> list[NumberBlock]:
    rows = connection.execute(_BLOCKS_OF, {"carrier": carrier_id, "day": day})
    return [NumberBlock(row.licence_number, row.day, row.first, row.past) for row in rows]


_IS_NUMBER_TAKEN = text("SELECT EXISTS (SELECT FROM waybill_waybills WHERE number = :number)")


def is_number_taken(connection: Connection, number: str) -> bool:
    return bool(connection.execute(_IS_NUMBER_TAKEN, {"number": number}).scalar())
