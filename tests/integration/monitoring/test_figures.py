"""The figures regulators score: over the wire, and worked out again from raw fixes by a slow and obvious count."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.position import Position, distance_m
from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.refusals import Refused
from services import alarms, traceability
from services.monitoring import archive, figures, packed, parquet, scoring
from tests.cast import CARRIER, POLICE, RIVAL, TRANSPORT
from tests.integration.monitoring.road_house import MONITORING, House, a_fix, drive
from tests.integration.monitoring.test_archive import age, archive_all

DAY_MS = 86_400_000
LIMITS = scoring.limits_on(date(2026, 11, 2))
Row = tuple[int, ...]


def slowly(rows: Sequence[Row], begin_ms: int, end_ms: int) -> dict[int, tuple[int, ...]]:
    """Fixes, complete and incomplete metres, drift points, moves while offline and time online of each vehicle, one fix after the
    other."""
    once: dict[tuple[int, int], Row] = {}
    for row in rows:
        once.setdefault((row[0], row[1]), row)
    found: dict[int, list[int]] = defaultdict(lambda: [0] * 6)
    last: dict[int, Row] = {}
    heard: dict[int, int] = {}
    silent: dict[int, int] = {}  # the longest silence since the last place
    for (vehicle, time), row in sorted(once.items()):
        today = begin_ms <= time < end_ms
        if today:
            found[vehicle][0] += 1
            if time - heard.get(vehicle, -DAY_MS) < LIMITS.offline_ms:
                found[vehicle][5] += time - max(heard[vehicle], begin_ms)
        silent[vehicle] = max(silent.get(vehicle, 0), time - heard.get(vehicle, time))
        heard[vehicle] = time
        if not row[7] & packed.POSITIONED:
            continue
        before, silence = last.get(vehicle), silent[vehicle]
        last[vehicle], silent[vehicle] = row, 0
        if before is None or not today:
            continue
        metres = round(distance_m(Position(before[2], before[3]), Position(row[2], row[3])))
        hours = (time - before[1]) / 3_600_000
        if metres > LIMITS.drift_slack_m and metres / 1000 > LIMITS.drift_kmh * hours:
            found[vehicle][3] += 1
            continue
        found[vehicle][2 if metres > LIMITS.incomplete_m else 1] += metres
        if silence >= LIMITS.offline_ms and metres > LIMITS.offline_move_m:
            found[vehicle][4] += 1
    return {vehicle: tuple(counts) for vehicle, counts in found.items()}


def quickly(rows: Sequence[Row], begin_ms: int, end_ms: int) -> dict[int, tuple[int, ...]]:
    records = parquet.in_order(np.array(rows, dtype=packed.RECORD))
    counts = scoring.count(records, begin_ms, end_ms, LIMITS)
    columns = (
        counts.fixes,
        counts.complete_m,
        counts.incomplete_m,
        counts.drift_points,
        counts.offline_moves,
        counts.online_ms,
    )
    return {int(vehicle): tuple(int(c[at]) for c in columns) for at, vehicle in enumerate(counts.vehicle)}


fix = st.tuples(
    st.integers(1, 3), st.integers(0, 2 * DAY_MS // 60_000).map(lambda minute: minute * 60_000),
    st.integers(-2_000_000, 2_000_000), st.integers(-2_000_000, 2_000_000), st.just(0), st.just(0), st.just(0),
    st.sampled_from([1, 2, 3, 7]), st.just(0),
)  # fmt: skip


@given(st.lists(fix, max_size=80))
def test_the_quick_count_is_the_obvious_one(rows: list[Row]) -> None:
    assert quickly(rows, DAY_MS, 2 * DAY_MS) == slowly(rows, DAY_MS, 2 * DAY_MS)


def test_who_is_heard_of_without_a_position_was_not_offline() -> None:
    """Ten kilometres of tunnel in a quarter of an hour, with and without a word from inside."""
    at = [minute * 60_000 for minute in range(16)]
    inside = [(1, time, 0, 0, 0, 0, 0, packed.ENGINE_ON, 0) for time in at[1:-1]]
    out = (1, at[-1], 900_000, 0, 0, 0, 0, 3, 0)
    for heard, moves in ((inside, 0), (inside[:3], 1), (inside[-3:], 1), ([], 1)):
        rows = [(1, at[0], 0, 0, 0, 0, 0, 3, 0), *heard, out]
        assert quickly(rows, 0, DAY_MS) == slowly(rows, 0, DAY_MS)
        assert quickly(rows, 0, DAY_MS)[1][4] == moves


@given(st.lists(fix, max_size=80), st.randoms())
def test_the_order_fixes_came_in_changes_no_figure(rows: list[Row], chance: object) -> None:
    once = list({row[:2]: row for row in rows}.values())
    mixed = list(once)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert quickly(mixed + mixed[:10], 0, DAY_MS) == quickly(once, 0, DAY_MS)


def work_out(house: House) -> None:
    archive_all(house)
    age(house, 2)
    archive_all(house)
    while figures.work_out_due(house.world.host.engine, house.world.host.settings.home):
        pass


def ask(house: House, by: str = CARRIER, period: str = "", **scope: str) -> dict[str, tuple[int, int]]:
    request = pb.GetFiguresRequest(period=period or f"{house.now:%Y-%m-%d}", **scope)
    answer = house.clients[by].call(f"{MONITORING}/GetFigures", request, purpose="考核")
    return {
        pb.FigureKind.Name(one.kind).removeprefix("FIGURE_KIND_"): (one.numerator, one.denominator)
        for one in answer.figures
    }


def test_a_day_of_figures_of_a_carrier_and_of_its_division(house: House) -> None:
    """Both fleets report; one lorry drives well, one jumps, one moves while it is offline, some fixes are bad."""
    house.register("lorry4", CARRIER, 4)  # its terminal never says a word
    noon = house.now + timedelta(hours=4)  # eight in the morning in China, and later on noon
    house.world.clock.advance(hours=6)
    good = drive(noon - timedelta(hours=1), minutes=60)
    house.rows(*good, a_fix(noon, latitude_e7=2**31 - 1), a_fix(noon, heading_deg=400))
    jumping = [a_fix(noon + timedelta(seconds=30 * n), "lorry2", north_m=9_000 * (n % 2)) for n in range(10)]
    house.rows(*jumping)
    far = [a_fix(noon, "lorry3"), a_fix(noon + timedelta(minutes=30), "lorry3", north_m=20_000)]
    house.rows(*far)
    house.rows(a_fix(noon, "other1"), a_fix(noon, "nobody's"), by=RIVAL)
    work_out(house)
    mine = ask(house)
    assert mine["ENTRY"] == (3, 4)
    assert mine["ONLINE"] == (3, 3)
    assert mine["DATA_VALID"] == (133, 135)
    assert mine["DRIFT"] == (1, 3)
    assert mine["OFFLINE_DISPLACEMENT"] == (1, 3)
    complete, metres = mine["TRAJECTORY_COMPLETE"]
    assert (complete, metres - complete) == pytest.approx((50_000, 20_000), rel=0.01)
    # an hour, and four and a half minutes: together one whole hour
    assert mine["ALARMS"] == (mine["HANDLING"][1], 1)
    assert ask(house, RIVAL)["DATA_VALID"] == (1, 2)
    city = ask(house, TRANSPORT)
    assert city["ONLINE"] == (4, 4)
    assert ask(house, TRANSPORT, carrier_id=RIVAL)["ONLINE"] == (1, 1)
    assert ask(house, TRANSPORT, division="440307")["ONLINE"] == (3, 3)
    assert ask(house, period=f"{house.now:%Y-%m}") == mine
    yesterday = f"{house.now - timedelta(days=1):%Y-%m-%d}"
    assert ask(house, period=yesterday)["ENTRY"] == (0, 0), "nothing was registered then"


def test_figures_are_those_of_the_raw_fixes_whatever_came_late_or_twice(house: House) -> None:
    start = house.now - timedelta(hours=5)
    driven = drive(start, minutes=240, dkmh=700)
    del driven[100:160]
    house.rows(*driven[200:])
    work_out(house)
    house.rows(*driven[:100], *driven[210:230])
    work_out(house)
    house.rows(*driven[100:200])
    work_out(house)
    rows = [(1, one.time_ms, one.latitude_e7, one.longitude_e7, 0, 0, 0, 3, 0) for one in driven]
    for day in (house.now.date() - timedelta(days=1), house.now.date()):
        begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) - 8 * 3_600_000
        expected = slowly(rows, begin, begin + DAY_MS).get(1, (0,) * 6)
        found = ask(house, period=day.isoformat())
        assert found["DATA_VALID"][0] == expected[0]
        assert found["TRAJECTORY_COMPLETE"] == (expected[1], expected[1] + expected[2])


def test_alarms_handled_in_time_are_a_figure_too(house: House) -> None:
    host = house.world.host
    raised = [
        alarms.Alarm(id=f"alarm-{n}", kind=alarms.Kind.OVERSPEED, vehicle_id="lorry1", carrier_id=CARRIER,
                     division="440307", occurred_at=house.now)
        for n in range(3)
    ]  # fmt: skip
    with host.engine.begin() as connection:
        alarms.put_alarms(connection, traceability.keeper_of(host.settings), raised, house.now)
    from tests.integration.alarms.test_alarm_desk import handle

    handle(house, "alarm-0")
    day = f"{house.now:%Y-%m-%d}"
    house.world.clock.advance(seconds=LIMITS.handle_within_s + 1)
    handle(house, "alarm-1")
    figures = ask(house, period=day)
    assert (figures["HANDLING"], figures["SETTLED"]) == ((1, 3), (2, 3))


def up_slowly(heard: list[datetime], since: datetime, until: datetime) -> tuple[int, int]:
    """Minutes from the first batch on in which one came, or in one of the two before, and all minutes; one after the other."""
    begun = min(heard).replace(second=0)
    minute, up, lasted = max(since, begun), 0, 0
    while minute < until:
        up += any(minute - timedelta(minutes=2) <= at < minute + timedelta(minutes=1) for at in heard)
        lasted += 1
        minute += timedelta(minutes=1)
    return up, lasted


@pytest.mark.parametrize("seed", range(2))
def test_a_link_is_up_from_batch_to_batch_also_from_day_to_day_whatever_is_in_them(house: House, seed: int) -> None:
    chance, heard = random.Random(seed), defaultdict[str, list[datetime]](list)
    midnight = house.now.replace(hour=16)  # in China
    house.world.clock.at = midnight - timedelta(minutes=25)
    while house.now < midnight + timedelta(minutes=20):
        by = chance.choice((CARRIER, CARRIER, RIVAL))
        fixes = [a_fix(house.now)] if by == CARRIER and chance.random() < 0.5 else []
        house.rows(*fixes, by=by)
        heard[by].append(house.now)
        house.world.clock.advance(seconds=chance.choice((1, 20, 59, 90, 130, 250)))
    now, day = house.now, timedelta(days=1)
    days = {f"{midnight - day:%Y-%m-%d}": (midnight - day, midnight), f"{midnight:%Y-%m-%d}": (midnight, now)}
    days = {f"{begin + timedelta(hours=8):%Y-%m-%d}": (begin, end) for begin, end in days.values()}
    days[f"{midnight:%Y-%m}"] = midnight - timedelta(days=2), now
    for period, (begin, end) in days.items():
        slow = {by: up_slowly(heard[by], begin, end) for by in (CARRIER, RIVAL)}
        for by in (CARRIER, RIVAL):
            assert ask(house, by, period=period)["CONNECTIVITY"] == slow[by], period
        both = tuple(map(sum, zip(*slow.values(), strict=True)))
        assert ask(house, TRANSPORT, period=period)["CONNECTIVITY"] == both
    assert ask(house, period=f"{midnight - 3 * day:%Y-%m-%d}")["CONNECTIVITY"] == (0, 0)
    assert ask(house, TRANSPORT, division="440308")["CONNECTIVITY"] == (0, 0)


def driven_too_fast(fixes: list[pb.Fix]) -> bool:
    """A minute or longer without a fix below the limit of a road of any other kind, one fix after the other."""
    since = 0
    for one in fixes:
        since = (since or one.time_ms) if one.speed_dkmh > 800 else 0
        if since and one.time_ms - since >= 60_000:
            return True
    return False


def test_who_was_too_fast_or_drove_too_long_is_counted_once_a_day(house: House) -> None:
    start = house.now + timedelta(hours=1)
    house.world.clock.advance(hours=8)
    days = {
        "lorry1": [*drive(start, minutes=5, dkmh=1_000), *drive(start + timedelta(hours=1), minutes=5, dkmh=1_000)],
        "lorry2": drive(start, minutes=255, vehicle_id="lorry2"),
        "lorry3": drive(start, minutes=225, vehicle_id="lorry3"),
    }
    for vehicle_id, fixes in days.items():
        house.tell_trip(vehicle_id, start - timedelta(minutes=1))
        house.rows(*fixes)
    work_out(house)
    mine = ask(house)
    assert mine["OVERSPEED"] == (sum(map(driven_too_fast, days.values())), 3) == (1, 3)
    longest_ms = [fixes[-1].time_ms - fixes[0].time_ms for name, fixes in days.items() if name != "lorry1"]
    assert mine["FATIGUE"] == (sum(driven > 4 * 3_600_000 for driven in longest_ms), 3) == (1, 3)
    assert ask(house, TRANSPORT)["OVERSPEED"] == (1, 3)
    assert ask(house, RIVAL)["OVERSPEED"] == (0, 0)
    tomorrow = f"{house.now + timedelta(days=1):%Y-%m-%d}"
    assert ask(house, period=tomorrow)["FATIGUE"] == (0, 0)


def test_every_figure_says_what_it_rests_on(house: House) -> None:
    request = pb.GetFiguresRequest(period=f"{house.now:%Y-%m}")
    found = house.clients[CARRIER].call(f"{MONITORING}/GetFigures", request, purpose="考核").figures
    assert {one.kind for one in found} == set(pb.FigureKind.values()) - {pb.FIGURE_KIND_UNSPECIFIED}
    assert all(one.basis_zh for one in found)
    assert [one.name_zh for one in found if one.basis_verified] == ["报警处理率", "百车小时报警数"]


def test_a_period_that_is_none_is_refused(house: House) -> None:
    for period in ("", "2026", "2026-13", "2026-11-31", "heute", "2026-11-02T00", "0000-00"):
        with pytest.raises(Refused) as refusal:
            house.clients[CARRIER].call(f"{MONITORING}/GetFigures", pb.GetFiguresRequest(period=period))
        assert refusal.value.reasons <= {"FIELD_INVALID", "FIELD_MISSING"}, period


def test_nobody_sees_anothers_figures(house: House) -> None:
    for by, scope in (
        (CARRIER, {"carrier_id": RIVAL}),
        (CARRIER, {"division": "4403"}),
        (POLICE, {"division": "440300"}),
    ):
        with pytest.raises(Refused) as refusal:
            ask(house, by, **scope)
        assert refusal.value.reasons == {"NOT_FOUND"}
    assert archive.HOT
