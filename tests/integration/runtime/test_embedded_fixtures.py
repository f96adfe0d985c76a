from pathlib import Path

import redis
from sqlalchemy import create_engine, text


def test_a_test_gets_a_new_and_empty_database(database_url: str) -> None:
    with create_engine(database_url).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
        assert str(connection.scalar(text("SELECT current_database()"))).startswith("test_")


def test_a_database_somebody_is_still_connected_to_is_dropped_all_the_same(postgres_url: str) -> None:
    from tests import servers

    with servers.fresh_database(postgres_url) as url:
        left_open = create_engine(url).connect()
        left_open.execute(text("SELECT 1"))
    with create_engine(postgres_url).connect() as connection:
        name = url.rpartition("/")[2].partition("?")[0]
        assert name not in connection.scalars(text("SELECT datname FROM pg_database")).all()
    left_open.invalidate()


def test_the_runs_redis_answers(redis_url: str) -> None:
    assert redis.Redis.from_url(redis_url).ping()


def test_real_data_is_read_in_place(shared_data: Path) -> None:
    assert list(shared_data.iterdir())
