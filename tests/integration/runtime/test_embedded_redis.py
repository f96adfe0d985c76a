"""One Redis under one directory: live state that may be lost, a server that may not be doubled."""

import importlib.util
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from services.runtime.embedded import EmbeddedError, Running, processes, redis


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    processes.send(processes.inside(home / "redis", redis.NAMES), signal.SIGKILL)


def pings(running: Running) -> bool:
    with Redis.from_url(running.url) as client:
        return bool(client.ping())


def test_a_second_start_adopts_the_running_server(home: Path) -> None:
    first, second = redis.start(home), redis.start(home)
    assert (first.owned, second.owned) == (True, False)
    assert (first.pid, first.url) == (second.pid, second.url)
    assert pings(second)
    first.stop()


def test_threads_that_start_at_once_share_one_server(home: Path) -> None:
    found: list[Running] = []
    threads = [threading.Thread(target=lambda: found.append(redis.start(home))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({running.pid for running in found}) == 1
    assert sum(running.owned for running in found) == 1
    found[0].stop()


def test_a_killed_server_leaves_a_socket_that_does_not_stop_the_next(home: Path) -> None:
    first = redis.start(home)
    os.kill(first.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_alive(first.pid), 5)
    second = redis.start(home)
    assert second.owned
    assert second.url == first.url
    assert pings(second)
    second.stop()


def test_a_server_that_no_longer_answers_is_replaced(home: Path) -> None:
    first = redis.start(home)
    os.kill(first.pid, signal.SIGSTOP)
    second = redis.start(home)
    assert second.owned
    assert not processes.is_alive(first.pid)
    assert pings(second)
    second.stop()


def test_stop_leaves_no_process_and_may_be_said_twice(home: Path) -> None:
    running = redis.start(home)
    running.stop()
    running.stop()
    assert not processes.is_alive(running.pid)
    assert not (home / "run" / "redis").exists()
    shutil.rmtree(home)
    running.stop()


@pytest.mark.parametrize(
    "name", ["with a space", "实时 状态", "a,b", "100%", "quote'\"", "back\\slash", "a#b?c", "x" * 150]
)
def test_any_name_of_a_home_will_do(tmp_path: Path, name: str) -> None:
    running = redis.start(tmp_path / name)
    try:
        assert pings(running)
    finally:
        running.stop()


def test_a_home_reached_by_two_names_has_one_server(home: Path, tmp_path: Path) -> None:
    first = redis.start(home)
    (tmp_path / "alias").symlink_to(home)
    second = redis.start(tmp_path / "alias")
    assert (second.pid, second.owned) == (first.pid, False)
    assert pings(second)
    first.stop()


def test_nothing_is_kept_and_no_network_port_is_opened(home: Path) -> None:
    running = redis.start(home)
    with Redis.from_url(running.url) as client:
        client.set("position", "31.2,121.5")
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("save") == {"save": ""}
    running.stop()
    assert {file.name for file in (home / "redis").iterdir()} == {"redis.conf"}


def test_ctrl_c_at_the_terminal_does_not_reach_the_server(home: Path) -> None:
    running = redis.start(home)
    assert os.getsid(running.pid) == running.pid
    running.stop()


def test_a_redis_server_that_is_a_link_to_its_sibling_is_known_again(home: Path, tmp_path: Path) -> None:
    shutil.copy(redis._program(), tmp_path / "redis-check-rdb")
    (tmp_path / "redis-server").symlink_to("redis-check-rdb")
    first = redis.start(home, binary=tmp_path / "redis-server")
    assert not redis.start(home).owned
    first.stop()
    assert not processes.is_alive(first.pid)


def test_a_missing_program_is_named_with_the_remedy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EmbeddedError, match="HAZWAY_REDIS_URL") as refused:
        redis.start(home)
    assert "redis-server" in refused.value.zh


def test_a_program_that_is_no_redis_is_refused_in_both_languages(home: Path) -> None:
    with pytest.raises(EmbeddedError, match="Redis did not start"):
        redis.start(home, binary=Path("/bin/false"))
