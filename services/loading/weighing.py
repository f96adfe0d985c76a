"""Weights, the check after filling, and the record: what was loaded against what was permitted, to the gram. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime

from services.errors import Finding, Reason, Severity
from services.errors.loading import (
    CHECK_ITEM_APPLIES,
    CHECK_ITEM_MISSING,
    CHECK_ITEM_TWICE,
    FAIL_NEEDS_NOTE,
    FILL_PERMIT_EXPIRED,
    LOADED_LINE_MISSING,
    LOADED_LINE_UNKNOWN,
    LOADED_NOT_AS_WEIGHED,
    OVERFILLED_PUMP_BACK,
    POST_FILL_MISSING,
    WEIGHTS_INVALID,
)
from services.goods import Mode
from services.goods.controls import Control
from services.loading.bases import RULES, SCALE_TOLERANCE_G
from services.loading.model import (
    FillPermit,
    LoadedLine,
    PostFill,
    PostFillCode,
    Result,
    Weights,
)
from services.runtime.clock import legal_day
from services.waybill.model import GoodsLine
from services.waybill.trip import Trip

# No lorry on a road weighs more; keeps a slip of the keyboard from standing in a signed record.
MOST_ON_A_SCALE_G = 200_000_000


def is_weighed(trip: Trip) -> bool:
    """Goods in tanks and in bulk are weighed; of packages the quantity is counted."""
    return any(line.mode != Mode.PACKAGES.value for line in trip.waybill.goods)


def most_g(permit: FillPermit, trip: Trip) -> int:
    """Net grams the weighbridge may show at most. Packagings weigh too, so beside packages only the rated mass binds."""
    if any(line.mode == Mode.PACKAGES.value for line in trip.waybill.goods):
        return permit.maximum_total_g
    return min(permit.maximum_total_g, sum(entry.maximum_g for entry in permit.entries))


def check_weights(weights: Weights, permit: FillPermit, now: datetime) -> tuple[Finding, ...]:
    """What is impossible about a ticket, and whether the permit still held; an over-fill is no fault of the ticket."""
    findings = [
        _finding(WEIGHTS_INVALID, f"weights.{field}", "LC-07", problem_zh=zh, problem=en)
        for at_fault, field, zh, en in (
            (not 0 < weights.tare_g <= MOST_ON_A_SCALE_G, "tare_g", "皮重超出范围", "the tare is out of range"),
            (
                not 0 <= weights.gross_g <= MOST_ON_A_SCALE_G,
                "gross_g",
                "毛重超出范围",
                "the gross mass is out of range",
            ),
            (0 < weights.gross_g <= weights.tare_g, "gross_g", "毛重不大于皮重", "gross is not more than tare"),
        )
        if at_fault
    ]
    return (*findings, *check_unexpired(permit, "weights", weights.weighed_at or now))


def check_unexpired(permit: FillPermit, path: str, at: datetime) -> tuple[Finding, ...]:
    """A permit is good until its end, the end not included."""
    if at < permit.expires_at:
        return ()
    return (_finding(FILL_PERMIT_EXPIRED, path, "LC", expires=permit.expires_at.isoformat()),)


def overfilled(
    net_g: int, most: int, path: str = "weights.gross_g", severity: Severity = Severity.ERROR
) -> tuple[Finding, ...]:
    if net_g <= most:
        return ()
    return (_finding(OVERFILLED_PUMP_BACK, path, "LC-07", severity=severity, net=net_g, maximum=most),)


def post_fill_asked(trip: Trip) -> frozenset[PostFillCode]:
    """What has to be checked after this filling."""
    tank = any(line.mode == Mode.TANK.value for line in trip.waybill.goods)
    asked = {PostFillCode.MARKS, PostFillCode.NO_LEAK}
    if tank:
        asked |= {PostFillCode.CLOSURES, PostFillCode.DISCONNECTED}
    if any(line.mode == Mode.PACKAGES.value for line in trip.waybill.goods):
        asked.add(PostFillCode.PACKAGING)
    if any(_needs_plate(trip, line) for line in trip.waybill.goods):
        asked.add(PostFillCode.SAFETY_PLATE)
    return frozenset(asked)


def _needs_plate(trip: Trip, line: GoodsLine) -> bool:
    controls = trip.controls(line)
    return Control.HIGHLY_TOXIC in controls or any(row.is_explosive for row in trip.rows(line))


def check_post_fill(post_fill: PostFill, asked: frozenset[PostFillCode]) -> tuple[Finding, ...]:
    """LC-08: every item that applies is answered once, and a FAIL says why."""
    return tuple(_post_fill(post_fill, asked))


def _post_fill(post_fill: PostFill, asked: frozenset[PostFillCode]) -> Iterator[Finding]:
    codes = [item.code for item in post_fill.items]
    for code in sorted(asked - set(codes), key=lambda each: each.value):
        yield _finding(CHECK_ITEM_MISSING, "post_fill.items", "LC-08", code=code.value)
    for index, item in enumerate(post_fill.items):
        path = f"post_fill.items[{index}]"
        if item.code in codes[:index]:
            yield _finding(CHECK_ITEM_TWICE, path, "LC-08", code=item.code.value)
        if item.result is Result.NOT_APPLICABLE and item.code in asked:
            yield _finding(CHECK_ITEM_APPLIES, f"{path}.result", "LC-08", code=item.code.value)
        if item.result is Result.FAIL and not item.note.strip():
            yield _finding(FAIL_NEEDS_NOTE, f"{path}.note", "LC-08", code=item.code.value)


def check_loaded(
    lines: tuple[LoadedLine, ...], permit: FillPermit, weights: Weights | None, post_fill: PostFill | None, trip: Trip
) -> tuple[Finding, ...]:
    """LC-07 to LC-09: every line once and within its maximum, all together within the weights and the rated mass."""
    return (
        *_lines(lines, permit),
        *_together(lines, permit, weights, trip),
        *(() if post_fill and post_fill.passed else (_finding(POST_FILL_MISSING, "record", "LC-08"),)),
    )


def _lines(lines: tuple[LoadedLine, ...], permit: FillPermit) -> Iterator[Finding]:
    entries = {entry.goods_number: entry for entry in permit.entries}
    numbers = [line.goods_number for line in lines]
    for index, line in enumerate(lines):
        path, entry = f"record.lines[{index}]", entries.get(line.goods_number)
        if entry is None or entry.compartment != line.compartment or line.goods_number in numbers[:index]:
            place = "-" if line.compartment is None else line.compartment
            yield _finding(LOADED_LINE_UNKNOWN, path, "LC-09", line=line.goods_number, compartment=place)
            continue
        if line.mass_g < 0:
            yield _finding(
                WEIGHTS_INVALID, f"{path}.mass_g", "LC-07", problem_zh="质量为负", problem="the mass is negative"
            )
        yield from overfilled(line.mass_g, entry.maximum_g, f"{path}.mass_g")
    for number in entries:
        if number not in numbers:
            yield _finding(LOADED_LINE_MISSING, "record.lines", "LC-09", line=number)


def _together(
    lines: tuple[LoadedLine, ...], permit: FillPermit, weights: Weights | None, trip: Trip
) -> Iterator[Finding]:
    total_g = sum(line.mass_g for line in lines)
    if total_g <= 0:
        yield _finding(WEIGHTS_INVALID, "record.lines", "LC-07", problem_zh="没有装货", problem="nothing was loaded")
    yield from overfilled(total_g, permit.maximum_total_g, "record.lines")
    if weights is None or not weights.gross_g:
        return
    yield from overfilled(weights.net_g, most_g(permit, trip))
    # Packagings and pallets are on the scale and not in the net masses, so with packages the scale may show more.
    packages = any(line.mode == Mode.PACKAGES.value for line in trip.waybill.goods)
    off_g = total_g - weights.net_g
    if off_g > SCALE_TOLERANCE_G or (off_g < -SCALE_TOLERANCE_G and not packages):
        yield _finding(
            LOADED_NOT_AS_WEIGHED, "record.lines", "LC-07", sum=total_g, net=weights.net_g, tolerance=SCALE_TOLERANCE_G
        )


def retain_until(loaded_at: datetime, months: int) -> date:
    """The legal day ``months`` later; the last of the month where that has no such day."""
    day = legal_day(loaded_at)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _finding(reason: Reason, path: str, rule: str, *, severity: Severity = Severity.ERROR, **values: object) -> Finding:
    return Finding(
        reason=reason, path=path, severity=severity, rule=rule, basis=RULES[rule],
        values={name: str(value) for name, value in values.items()},
    )  # fmt: skip
