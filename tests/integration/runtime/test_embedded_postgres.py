"""One PostgreSQL under one directory, whatever was killed before, and whoever asks at the same time."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from services.runtime.embedded import EmbeddedError, Running, cluster, postgres, processes, programs

Start = Callable[..., Running]

START_AND_LEAVE = """
import sys, pathlib
from services.runtime.embedded import postgres
running = postgres.start(pathlib.Path(sys.argv[1]))
print(running.pid, running.owned)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    _end_all(home)


def _end_all(home: Path) -> None:
    for data in home.parent.rglob("postgres"):
        processes.send(processes.inside(data, cluster.PROGRAMS), signal.SIGKILL)


def ask(url: str, question: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        return connection.scalar(text(question))


def tell(url: str, statement: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(statement))


def left_in(home: Path) -> frozenset[int]:
    return processes.inside(home / "postgres", cluster.PROGRAMS)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_alive(pid), 5)


def run_elsewhere(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", START_AND_LEAVE, home], stdout=subprocess.PIPE, text=True)


def test_committed_rows_outlive_a_killed_server(home: Path) -> None:
    first = postgres.start(home)
    tell(first.url, "CREATE TABLE waybills AS SELECT generate_series(1, 1000) AS number")
    kill(first.pid)

    second = postgres.start(home)

    assert second.owned
    assert second.pid != first.pid
    assert second.url == first.url
    assert ask(second.url, "SELECT count(*) FROM waybills") == 1000
    second.stop()


def test_a_child_busy_when_its_server_was_killed_is_ended_before_the_next_start(home: Path) -> None:
    first = postgres.start(home)
    asking = threading.Thread(
        target=_swallow, args=(first.url, "SELECT count(*) FROM generate_series(1, 1e15::bigint)")
    )
    asking.start()
    busy = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1e15%' AND pid <> pg_backend_pid()"
    assert processes.wait_until(lambda: ask(first.url, busy) is not None, 10)
    orphan = int(str(ask(first.url, busy)))
    kill(first.pid)
    assert processes.is_alive(orphan)

    second = postgres.start(home)

    assert orphan not in left_in(home)
    assert not processes.is_alive(orphan)
    assert ask(second.url, "SELECT 1") == 1
    asking.join(5)
    second.stop()


def _swallow(url: str, question: str) -> None:
    with suppress(OperationalError):
        ask(url, question)


def test_a_second_start_adopts_the_running_server(home: Path) -> None:
    first = postgres.start(home, durable=False)
    second = postgres.start(home, durable=False)
    assert (first.owned, second.owned) == (True, False)
    assert (first.pid, first.url) == (second.pid, second.url)
    first.stop()


def test_of_four_processes_that_start_at_once_one_owns_the_server(home: Path) -> None:
    said = [process.communicate(timeout=60)[0].split() for process in [run_elsewhere(home) for _ in range(4)]]
    assert sorted(owned for _, owned in said) == ["False", "False", "False", "True"]
    assert len({pid for pid, _ in said}) == 1


def test_threads_that_start_at_once_share_one_server(home: Path) -> None:
    found: list[Running] = []
    threads = [threading.Thread(target=lambda: found.append(postgres.start(home, durable=False))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({running.pid for running in found}) == 1
    assert sum(running.owned for running in found) == 1
    found[0].stop()


def test_a_server_outlives_an_owner_that_left_without_stopping_it(home: Path) -> None:
    pid, _ = run_elsewhere(home).communicate(timeout=60)[0].split()
    running = postgres.start(home)
    assert (running.pid, running.owned) == (int(pid), False)
    running.stop()


def test_ctrl_c_at_the_terminal_does_not_reach_the_server(home: Path) -> None:
    running = postgres.start(home, durable=False)
    assert os.getsid(running.pid) == running.pid
    assert os.getpgid(running.pid) != os.getpgid(0)
    running.stop()


def test_stop_leaves_no_process_and_may_be_said_twice(home: Path) -> None:
    running = postgres.start(home, durable=False)
    tell(running.url, "CREATE TABLE t AS SELECT 1 AS a")
    running.stop()
    running.stop()
    assert not left_in(home)
    assert not processes.is_alive(running.pid)
    assert not (home / "run" / "postgres").exists()


def test_stop_is_quiet_when_the_server_was_killed_or_its_home_removed(home: Path) -> None:
    running = postgres.start(home)
    kill(running.pid)
    running.stop()
    assert not left_in(home)
    shutil.rmtree(home)
    running.stop()


def test_stop_ends_open_sessions(home: Path) -> None:
    running = postgres.start(home, durable=False)
    session = create_engine(running.url).connect()
    session.execute(text("SELECT 1"))
    started = time.monotonic()
    running.stop()
    assert time.monotonic() - started < 10
    assert not left_in(home)
    session.invalidate()


@pytest.mark.parametrize(
    "name", ["with a space", "运单 数据", "a,b", "100%", "quote'\"", "host:5433", "a#b?c&d=e", "x" * 150]
)
def test_any_name_of_a_home_will_do(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    running = postgres.start(home, durable=False)
    try:
        assert ask(running.url, "SELECT current_setting('data_directory')") == str(home / "postgres")
    finally:
        running.stop()
    assert not left_in(home)


def test_a_home_too_long_for_a_socket_lends_it_a_private_directory_until_stop(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 40)
    first = postgres.start(home)
    sockets = Path(str(make_url(first.url).query["host"]))
    assert home not in sockets.parents
    assert sockets.stat().st_mode & 0o777 == 0o700

    kill(first.pid)
    second = postgres.start(home)
    assert second.url == first.url

    second.stop()
    assert not sockets.exists()


def test_a_lent_directory_that_others_may_enter_is_not_used_again(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 40)
    first = postgres.start(home)
    first_sockets = Path(str(make_url(first.url).query["host"]))
    kill(first.pid)
    first_sockets.chmod(0o755)

    second = postgres.start(home)

    assert second.url != first.url
    second.stop()
    shutil.rmtree(first_sockets)


def test_a_copied_home_does_not_take_the_sockets_of_the_first(tmp_path: Path) -> None:
    home, copy = tmp_path / ("deep" * 40), tmp_path / ("copy" * 40)
    first = postgres.start(home, durable=False)
    shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("postgres.lock"))
    shutil.rmtree(copy / "postgres")
    second = postgres.start(copy, durable=False)
    assert second.url != first.url
    assert ask(first.url, "SELECT 1") == ask(second.url, "SELECT 1")
    second.stop()
    assert ask(first.url, "SELECT 1") == 1
    first.stop()


def test_a_pid_file_whose_number_now_belongs_to_a_stranger_does_not_stop_the_start(home: Path) -> None:
    running = postgres.start(home)
    pid_file = (home / "postgres" / "postmaster.pid").read_text()
    running.stop()
    stranger = subprocess.Popen(["/bin/sleep", "60"])
    (home / "postgres" / "postmaster.pid").write_text(pid_file.replace(str(running.pid), str(stranger.pid), 1))

    again = postgres.start(home)

    assert again.owned
    assert stranger.poll() is None
    again.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_shell_standing_in_the_data_directory_is_left_alone(home: Path) -> None:
    running = postgres.start(home)
    shell = subprocess.Popen(["/bin/sleep", "60"], cwd=home / "postgres")
    kill(running.pid)
    postgres.start(home).stop()
    assert shell.poll() is None
    shell.kill()
    shell.wait()


def test_an_empty_pid_file_does_not_stop_the_start(home: Path) -> None:
    postgres.start(home, durable=False).stop()
    (home / "postgres" / "postmaster.pid").touch()
    postgres.start(home, durable=False).stop()


def test_a_server_whose_socket_was_deleted_is_replaced(home: Path) -> None:
    first = postgres.start(home, durable=False)
    tell(first.url, "CREATE TABLE kept AS SELECT 7 AS number")
    for file in (home / "run" / "postgres").iterdir():
        file.unlink()
    second = postgres.start(home, durable=False)
    assert second.pid != first.pid
    assert ask(second.url, "SELECT number FROM kept") == 7
    second.stop()


def test_half_made_data_is_made_anew(home: Path) -> None:
    partial = home / "postgres.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    running = postgres.start(home, durable=False)
    assert ask(running.url, "SELECT 1") == 1
    assert not partial.exists()
    running.stop()


def test_a_start_killed_while_it_made_the_data_is_done_again(home: Path) -> None:
    first = run_elsewhere(home)
    partial = home / "postgres.partial"
    assert processes.wait_until(lambda: (partial / "PG_VERSION").exists(), 20)
    first.kill()
    first.communicate()
    running = postgres.start(home)
    assert running.owned
    assert ask(running.url, "SELECT count(*) FROM pg_database") == 4
    assert not processes.inside(partial, cluster.PROGRAMS)
    running.stop()


def test_an_empty_directory_is_filled_and_a_foreign_one_left_alone(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    postgres.start(home, durable=False).stop()
    shutil.rmtree(home)
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "letters.txt").write_text("not yours")
    with pytest.raises(EmbeddedError, match="neither a database nor empty"):
        postgres.start(home, durable=False)
    assert (home / "postgres" / "letters.txt").read_text() == "not yours"


def test_a_home_reached_by_two_names_has_one_server(home: Path, tmp_path: Path) -> None:
    first = postgres.start(home, durable=False)
    (tmp_path / "alias").symlink_to(home)
    second = postgres.start(tmp_path / "alias", durable=False)
    assert (second.pid, second.url, second.owned) == (first.pid, first.url, False)
    second.stop()
    assert not left_in(home)


def test_what_is_committed_is_on_disk_and_checked(home: Path) -> None:
    running = postgres.start(home)
    for name, value in {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
    }.items():
        assert ask(running.url, f"SHOW {name}") == value
    running.stop()


def test_no_network_port_is_opened(home: Path) -> None:
    running = postgres.start(home, durable=False)
    assert ask(running.url, "SHOW listen_addresses") == ""
    sockets = {os.readlink(link) for link in Path(f"/proc/{running.pid}/fd").iterdir() if os.path.lexists(link)}
    inodes = {name[8:-1] for name in sockets if name.startswith("socket:")}
    tcp = [
        line.split()[9] for table in ("tcp", "tcp6") for line in Path("/proc/net", table).read_text().splitlines()[1:]
    ]
    assert not inodes & set(tcp)
    running.stop()


def test_a_durable_server_is_promised_or_refused(home: Path) -> None:
    fast = postgres.start(home, durable=False)
    with pytest.raises(EmbeddedError, match="fsync"):
        postgres.start(home)
    fast.stop()
    durable = postgres.start(home)
    assert ask(durable.url, "SHOW fsync") == "on"
    durable.stop()


def test_data_of_an_older_release_is_opened_by_that_release(home: Path, tmp_path: Path) -> None:
    older = min(programs._of_wheel(), key=lambda found: found.major).copied_to(tmp_path)
    postgres.start(home, binaries=older.bin, durable=False).stop()
    running = postgres.start(home, durable=False)
    assert str(ask(running.url, "SHOW server_version")).startswith(f"{older.major}.")
    running.stop()


def test_data_no_program_at_hand_can_open_is_refused_in_both_languages(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("11\n")
    with pytest.raises(EmbeddedError) as refused:
        postgres.start(home)
    assert "PostgreSQL 11" in refused.value.zh
    assert "PG_BIN" in refused.value.remedy_en


def test_missing_programs_are_named_with_the_remedy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddedError, match="PG_BIN"):
        postgres.start(home, binaries=home)
    monkeypatch.setattr(programs, "WHEEL", "no_such_package")
    with pytest.raises(EmbeddedError, match="找不到可用的 PostgreSQL"):
        postgres.start(home)


def test_a_server_that_cannot_start_is_refused_at_once_with_its_own_words(home: Path) -> None:
    postgres.start(home).stop()
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        postgres.start(home)
    assert not left_in(home)


def test_the_callers_own_postgres_variables_are_not_followed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGDATA": "/nowhere",
        "PGPORT": "1",
        "PGUSER": "x",
        "PGDATABASE": "y",
        "TZ": "Asia/Shanghai",
    }.items():
        monkeypatch.setenv(name, value)
    running = postgres.start(home, durable=False)
    assert ask(running.url, "SELECT current_user || ' ' || current_database()") == "postgres hazway"
    assert ask(running.url, "SHOW timezone") == "UTC"
    running.stop()


def test_a_name_with_a_line_break_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError):
        postgres.start(tmp_path / "two\nlines")
