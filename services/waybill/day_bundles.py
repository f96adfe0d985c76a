"""The day's bundle, built by a worker and handed out by everybody: asking for it costs the same however large it is to build.

A new one is built every ten minutes, and a minute after the last where somebody asks. It is kept in the database, from
which each api answers, and published as a static file, ``/roadside/day.bundle`` beside the log.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hazway import day_bundle
from hazway.day_bundle import DayBundle
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal
from services.errors.waybill.under_way import DAY_BUNDLE_NOT_BUILT
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.database import Connection
from services.runtime.host import Host
from services.runtime.lease import Lease, is_held, take_lease
from services.runtime.settings import Settings
from services.runtime.whole_files import alone, write_whole
from services.traceability.places import newest_checkpoint
from services.waybill import day_bundle_store as store
from services.waybill import roadside_keys, status_list
from services.waybill.day_bundle_store import Built

EVERY = timedelta(minutes=10)
SOONEST = timedelta(minutes=1)
WAKE = "waybill.day_bundle"
_LEASE, _LEASE_S = "waybill.day_bundle", 120


def get_day_bundle(call: Call, _request: Any) -> pb.GetDayBundleResponse:
    """The newest there is. For everybody: it names no waybill, and whoever checks codes needs it."""
    call.allow([Relation.ANY])
    built = store.find(call.transaction)
    if built is None:
        raise Refusal((Finding(reason=DAY_BUNDLE_NOT_BUILT),))
    if call.now - built.generated_at >= SOONEST and not built.wanted:
        store.want(call.transaction)
        call.on_commit(lambda: call.bus.publish(WAKE))
    response = pb.GetDayBundleResponse(bundle=store.read(call.transaction))
    response.generated_at.FromDatetime(built.generated_at)
    return response


def is_due(built: Built | None, now: datetime) -> bool:
    """Also where the last one lies in the future: the clock that made it ran ahead."""
    if built is None:
        return True
    age = now - built.generated_at
    return age >= EVERY or (built.wanted and age >= SOONEST) or age < -SOONEST


class DayBundles:
    """Builds and publishes for one worker process; of several at once, one builds."""

    def __init__(self, host: Host, holder: str) -> None:
        self._host, self._holder = host, holder
        self._published: datetime | None = None

    def round(self) -> bool:
        """Build the bundle if one is due, and publish the newest; there is never more to do."""
        now = self._host.clock.now().astimezone(UTC).replace(microsecond=0)
        with self._host.engine.begin() as connection:
            due = is_due(store.find(connection), now)
            lease = take_lease(connection, _LEASE, self._holder, seconds=_LEASE_S) if due else None
        if lease is not None:
            self._build(lease, now)
        self._publish()
        return False

    def _build(self, lease: Lease, now: datetime) -> None:
        """Asking goes on meanwhile: nothing is locked until it is kept, and then only by whoever still has the lease."""
        with self._host.engine.begin() as connection:
            made = _made(connection, self._host.settings, now)
        with self._host.engine.begin() as connection:
            if is_held(connection, lease):
                store.keep(connection, made, now)

    def _publish(self) -> None:
        """The file follows the database, whichever worker wrote it last."""
        folder = _folder(self._host.settings.home)
        with alone(folder), self._host.engine.begin() as connection:
            built = store.find(connection)
            if built is not None and built.generated_at != self._published:
                write_whole(folder / "day.bundle", store.read(connection))
                self._published = built.generated_at


def _made(connection: Connection, settings: Settings, now: datetime) -> bytes:
    keeper = traceability.keeper_of(settings)
    made = DayBundle(
        origin=keeper.origin,
        generated_at=int(now.timestamp()),
        keys=roadside_keys.code_keys(settings.home, now),
        status=status_list.status_list(connection, now),
        checkpoint=newest_checkpoint(connection, settings),
    )
    return day_bundle.sign(made, keeper.operator)


def _folder(home: Path) -> Path:
    return home / "public" / "roadside"
