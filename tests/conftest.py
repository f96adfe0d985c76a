"""Fixtures every test may ask for. Servers start only when a test wants one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import redis

if TYPE_CHECKING:
    from tests.cast import Cast, Played

ROOT = Path(__file__).parent.parent

hypothesis.settings.register_profile("hazway", max_examples=50, deadline=None, database=None)
hypothesis.settings.load_profile("hazway")


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the servers of this run, the same for every worker process of it."""
    from tests import servers  # late: a run of pure tests loads neither SQLAlchemy nor Redis

    own = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        return servers.directory(own.parent / "servers", os.getppid())
    return servers.directory(own / "servers", os.getpid())


@pytest.fixture(scope="session")
def postgres_url(run_directory: Path) -> Iterator[str]:
    """The run's PostgreSQL. Fast and not durable: a test that kills servers starts its own."""
    from tests import servers

    with servers.shared_postgres(run_directory) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(run_directory: Path) -> Iterator[str]:
    """A Redis of this worker process's own: channels and keys of tests that run at once would mix."""
    from tests import servers

    with servers.shared_redis(run_directory / os.environ.get("PYTEST_XDIST_WORKER", "alone")) as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A new and empty database of this test's own."""
    from tests import servers

    with servers.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def migrated_database_url(run_directory: Path, postgres_url: str) -> Iterator[str]:
    """A new database of this test's own with the schema in place."""
    from tests import servers

    with servers.fresh_database(postgres_url, servers.migrated_template(run_directory, postgres_url)) as url:
        yield url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data that is read in place and never copied into the project."""
    directory = Path(os.environ.get("HAZWAY_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not directory.is_dir():
        pytest.skip(f"no test data at HAZWAY_TEST_DATA={directory}")
    return directory


@pytest.fixture
def world(tmp_path: Path, migrated_database_url: str, redis_url: str) -> Iterator[object]:
    """A real server over a fresh database; see ``tests.world.World``."""
    from tests.world import running_world

    redis.Redis.from_url(redis_url).flushall()  # what an earlier test's vehicles left there
    with running_world(tmp_path / "home", migrated_database_url, redis_url) as running:
        yield running


@pytest.fixture(scope="session")
def played(
    run_directory: Path, postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """A world in which the whole cast was registered, ended: each test of this process goes on from a copy of it."""
    from sqlalchemy import make_url

    from tests import servers
    from tests.cast import Played, play
    from tests.world import running_world

    home = tmp_path_factory.mktemp("played") / "home"
    with servers.fresh_database(postgres_url, servers.migrated_template(run_directory, postgres_url)) as database:
        with running_world(home, database, redis_url) as world:
            signers = play(world).signers
        yield Played(make_url(database).database or "", home, signers)


@pytest.fixture
def cast(tmp_path: Path, postgres_url: str, redis_url: str, played: Played) -> Iterator[Cast]:
    """The full cast of ``tests.cast`` over a real server, in a world of this test's own."""
    from tests import servers
    from tests.world import running_world

    redis.Redis.from_url(redis_url).flushall()
    home = shutil.copytree(played.home, tmp_path / "home")
    with (
        servers.fresh_database(postgres_url, played.database) as database,
        running_world(home, database, redis_url) as world,
    ):
        yield played.go_on(world)
