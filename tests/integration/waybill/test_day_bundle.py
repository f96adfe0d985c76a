"""The day's bundle is built by a worker, as seldom as is good enough, and what is published is never older than what was kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from hazway import day_bundle, roadside, trust
from hazway.cli import app
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.roadside import Verdict
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.runtime.lease import Lease, take_lease
from services.runtime.static import files_app
from services.waybill.day_bundles import DayBundles
from tests.cast import CARRIER, POLICE, Cast, a_waybill
from tests.integration.waybill.test_roadside_over_the_wire import command_line_of


def fetched(cast: Cast) -> bytes:
    return bytes(cast.call(POLICE, "GetDayBundle", pb.GetDayBundleRequest(), patience_s=0.0).bundle)


def made_at(data: bytes, known: trust.Trust) -> datetime:
    return datetime.fromtimestamp(day_bundle.open(data, known).bundle.generated_at, UTC)


def trusted(cast: Cast) -> trust.Trust:
    return trust.parse(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))


def published(cast: Cast) -> Path:
    return Path(cast.world.host.settings.home / "public" / "roadside" / "day.bundle")


def built(cast: Cast, **later: int) -> bytes:
    cast.world.clock.advance(**later)
    cast.world.settle()
    return published(cast).read_bytes()


def got(cast: Cast, name: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(files_app(cast.world.host.settings.home / "public"))
        async with httpx.AsyncClient(transport=transport, base_url="http://log.example") as client:
            return await client.get(f"/roadside/{name}", headers=headers)

    return asyncio.run(ask())


def test_it_is_built_every_ten_minutes_and_for_whoever_asks_at_most_once_a_minute(cast: Cast) -> None:
    with pytest.raises(Refused) as caught:
        fetched(cast)
    assert caught.value.reasons == {"DAY_BUNDLE_NOT_BUILT"}
    waybill = cast.issue(a_waybill()).waybill
    cast.world.settle()
    code = cast.call(CARRIER, "GetRoadsideCode", pb.GetRoadsideCodeRequest(waybill_id=waybill.id)).code
    known, first = trusted(cast), fetched(cast)
    assert made_at(first, known) == cast.world.clock.now()
    assert published(cast).read_bytes() == first
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=waybill.id, reason="货主取消"))
    for _ in range(20):
        assert fetched(cast) == first
    assert built(cast, seconds=59) == first  # asked for too soon after the last
    assert built(cast, seconds=2) == first  # nobody asked since it was a minute old
    assert fetched(cast) == first  # who asks does not wait
    second = built(cast, seconds=0)
    assert made_at(second, known) == cast.world.clock.now()
    assert fetched(cast) == second
    assert roadside.check(code, first, known, cast.world.clock.now()).verdict is Verdict.VALID
    assert roadside.check(code, second, known, cast.world.clock.now()).verdict is Verdict.VOID
    assert built(cast, minutes=9, seconds=59) == second
    assert made_at(built(cast, seconds=1), known) == cast.world.clock.now()


def test_a_clock_that_ran_ahead_does_not_stop_the_bundles(cast: Cast) -> None:
    ahead = built(cast, days=400)
    cast.world.clock.advance(days=-400)
    cast.world.settle()
    assert made_at(ahead, trusted(cast)) > cast.world.clock.now()
    assert made_at(published(cast).read_bytes(), trusted(cast)) == cast.world.clock.now()


def test_of_several_workers_one_builds_and_a_late_one_neither_keeps_nor_publishes_its_own(cast: Cast) -> None:
    host = cast.world.host
    first = built(cast, minutes=0)
    other = DayBundles(host, "other")
    cast.world.clock.advance(minutes=10)
    other.round()  # the world's worker holds the lease
    assert published(cast).read_bytes() == first
    with host.engine.begin() as connection:
        row = connection.exec_driver_sql(
            "SELECT holder, token FROM runtime_leases WHERE name = 'waybill.day_bundle'"
        ).one()
        assert take_lease(connection, "waybill.day_bundle", row.holder, seconds=60)
    other._build(Lease("waybill.day_bundle", "other", row.token - 1), cast.world.clock.now())
    assert fetched(cast) == first
    newest = built(cast, seconds=0)
    published(cast).write_bytes(first)  # as a slow worker would, or a backup put back
    DayBundles(host, "restarted").round()
    assert published(cast).read_bytes() == newest


def test_the_file_beside_the_log_is_for_everybody_and_told_apart_from_a_newer_one(cast: Cast) -> None:
    first = built(cast, minutes=0)
    answer = got(cast, "day.bundle")
    assert (answer.content, answer.headers["cache-control"]) == (first, "no-cache")
    known = {"If-None-Match": answer.headers["etag"]}
    assert got(cast, "day.bundle", known).status_code == 304
    newer = built(cast, minutes=10)
    assert got(cast, "day.bundle", known).content == newer
    assert got(cast, "%2e%2e/%2e%2e/keys/operator.pem").status_code == 404


def test_a_device_takes_no_older_bundle_no_forged_one_and_none_of_a_log_that_shrank(cast: Cast, tmp_path: Path) -> None:
    cast.issue(a_waybill())
    cast.world.settle()
    known, old = trusted(cast), built(cast, minutes=10)
    cast.issue(a_waybill(departure=cast.world.clock.now() + timedelta(hours=9), suffix=""), validate_only=True)
    new = built(cast, minutes=10)
    before, after = day_bundle.open(old, known), day_bundle.open(new, known)
    day_bundle.follow(before, after)
    day_bundle.follow(after, after)
    shrunk = replace(after, log_size=before.log_size - 1)
    forked = replace(after, log_size=before.log_size, log_root=b"\x01" * 32)
    elsewhere = replace(after, bundle=replace(after.bundle, origin="other.example/log"))
    for rolled, onto in ((before, after), (shrunk, before), (forked, before), (elsewhere, before)):
        with pytest.raises(VerificationError, match="bundle order"):
            day_bundle.follow(onto, rolled)

    online = command_line_of(cast, POLICE, tmp_path)
    out, trust_file = tmp_path / "day.bundle", tmp_path / "trust.json"
    trust_file.write_text(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    command = ["waybill", "bundle", "--out", str(out), "--trust", str(trust_file), *online]
    out.write_bytes(b"half a file")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert out.read_bytes() == new
    with cast.world.host.engine.begin() as connection:  # a server put back to an old backup
        connection.exec_driver_sql("UPDATE waybill_day_bundle SET bundle = %s", (old,))
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1
    assert "older than the one at hand" in refused.output
    assert out.read_bytes() == new
    with cast.world.host.engine.begin() as connection:
        forged = bytearray(new)
        forged[-1] ^= 1
        connection.exec_driver_sql("UPDATE waybill_day_bundle SET bundle = %s", (bytes(forged),))
    assert "bundle signature" in CliRunner().invoke(app, command).output
    assert out.read_bytes() == new
