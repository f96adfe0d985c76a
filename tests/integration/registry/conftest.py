"""A migrated database, a clock moved by hand, and organisations that sign what they state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hazway.registry.v1 import registry_pb2 as pb
from services import registry
from services.runtime.adapter import Adapter
from services.runtime.bus import Bus
from services.runtime.clock import HandClock
from services.runtime.database import connect
from services.runtime.migrations import SLICES, migrate, migrations
from services.runtime.settings import Settings
from tests.integration.registry.registry_house import CARRIER, POLICE, RIVAL, TRANSPORT, House


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Two carriers, a transport authority of their city (4403) and a police of another (4401)."""
    engine, clock = connect(database_url, pool=12), HandClock()
    migrate(engine, list(migrations(SLICES[: SLICES.index("registry") + 1])))

    settings = Settings(home=tmp_path, pool=8)
    adapter = Adapter(settings, engine, Bus("redis://127.0.0.1:1"), clock, registry.identify)
    house = House(adapter, engine, clock)
    house.register(CARRIER, pb.ORGANISATION_KIND_CARRIER, number=1)
    house.register(RIVAL, pb.ORGANISATION_KIND_CARRIER, number=2)
    house.register(TRANSPORT, pb.ORGANISATION_KIND_TRANSPORT_AUTHORITY, "440300", number=3)
    house.register(POLICE, pb.ORGANISATION_KIND_POLICE, "440100", number=4)
    yield house
    adapter.close()
    engine.dispose()
