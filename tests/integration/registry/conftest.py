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
from services.runtime.settings import Settings
from tests import servers
from tests.integration.registry.registry_house import CARRIER, POLICE, RIVAL, TRANSPORT, House


@pytest.fixture
def house(run_directory: Path, postgres_url: str, tmp_path: Path) -> Iterator[House]:
    """Two carriers, a transport authority of their city (4403) and a police of another (4401), and no slice above."""
    yield from _open(run_directory, postgres_url, tmp_path)


@pytest.fixture(scope="module")
def standing_house(run_directory: Path, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Such a house for all tests of a file that leave it as they found it."""
    yield from _open(run_directory, postgres_url, tmp_path_factory.mktemp("house"))


def _open(run: Path, postgres_url: str, home: Path) -> Iterator[House]:
    with servers.fresh_database(postgres_url, servers.migrated_template(run, postgres_url, "registry")) as database_url:
        yield from _of(database_url, home)


def _of(database_url: str, home: Path) -> Iterator[House]:
    engine, clock = connect(database_url, pool=12), HandClock()
    settings = Settings(home=home, pool=8)
    adapter = Adapter(settings, engine, Bus("redis://127.0.0.1:1"), clock, registry.identify)
    house = House(adapter, engine, clock)
    house.register(CARRIER, pb.ORGANISATION_KIND_CARRIER, number=1)
    house.register(RIVAL, pb.ORGANISATION_KIND_CARRIER, number=2)
    house.register(TRANSPORT, pb.ORGANISATION_KIND_TRANSPORT_AUTHORITY, "440300", number=3)
    house.register(POLICE, pb.ORGANISATION_KIND_POLICE, "440100", number=4)
    yield house
    adapter.close()
    engine.dispose()
