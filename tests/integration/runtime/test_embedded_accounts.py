"""PostgreSQL refuses to be root: it is started all the same, and nothing on the machine is changed for it."""

import importlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from services.runtime.embedded import EmbeddedError, Running, account, cluster, postgres, processes, programs, redis
from services.runtime.embedded.account import Account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play other accounts")

NOBODY = pwd.getpwnam("nobody")
DROPPED = Account(user=NOBODY.pw_uid, group=NOBODY.pw_gid)
NAMELESS = 54321  # an account number without an entry in /etc/passwd, as containers like to have


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A place like a virtual environment's, of our own, holding the wheel's newest programs."""
    place = Path(tempfile.mkdtemp(prefix="hazway-test-"))
    programs.find(None, Path("none"), None).copied_to(place)
    (place / programs.WHEEL / "__init__.py").touch()
    yield place
    shutil.rmtree(place)


@pytest.fixture
def wheel(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The programs are found in ``installed``, which is closed to everybody else at first."""
    installed.chmod(0o700)
    os.chown(installed, 0, 0)
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()
    return installed


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home every account may pass into."""
    place = Path(tempfile.mkdtemp(prefix="hazway-test-"))
    place.chmod(0o755)
    yield place / "home"
    _end_all(place)
    shutil.rmtree(place)


@pytest.fixture
def private_home(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o700)
    yield tmp_path / "home"
    _end_all(tmp_path)


def _end_all(place: Path) -> None:
    processes.send(processes.inside(place / "home" / "postgres", cluster.PROGRAMS), signal.SIGKILL)


def ask(running: Running, question: str) -> object:
    with create_engine(running.url, poolclass=NullPool).connect() as connection:
        return connection.scalar(text(question))


def program_of(running: Running) -> Path:
    return Path(os.readlink(f"/proc/{running.pid}/exe"))


def namespaces_are_allowed() -> bool:
    command = ["/usr/bin/unshare", "--user", "--map-user=65534", "--map-group=65534", "/bin/true"]
    return Path(command[0]).exists() and subprocess.run(command, check=False).returncode == 0


def permit_only(monkeypatch: pytest.MonkeyPatch, *accounts: Account) -> None:
    monkeypatch.setattr(account, "candidates", lambda home: iter(accounts))


def as_account(uid: int, gid: int, action: Callable[[], None]) -> None:
    """Run ``action`` as another account in a child process; what goes wrong there goes wrong here."""
    create_engine("postgresql+psycopg2://")  # load now what the child may no longer read
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            action()
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        trouble = said.read()
    os.waitpid(child, 0)
    assert not trouble, trouble


@pytest.mark.skipif(not namespaces_are_allowed(), reason="user namespaces are off on this machine")
def test_root_starts_programs_and_data_that_only_root_can_reach(wheel: Path, private_home: Path) -> None:
    running = postgres.start(private_home)
    assert wheel in program_of(running).parents
    assert ask(running, "SELECT 1") == 1
    assert (private_home / "postgres").stat().st_uid == 0
    running.stop()
    assert wheel.stat().st_mode & 0o777 == 0o700
    assert private_home.parent.stat().st_mode & 0o777 == 0o700


def test_without_namespaces_root_lends_readable_programs_to_nobody(
    wheel: Path, open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit_only(monkeypatch, Account(prefix=("no-such-program",)), DROPPED)

    running = postgres.start(open_home)

    copy = Path(os.readlink(open_home / "run" / "programs"))
    assert copy in program_of(running).parents
    assert ask(running, "SELECT 1") == 1
    assert (open_home / "postgres").stat().st_uid == NOBODY.pw_uid
    assert (copy.stat().st_uid, copy.stat().st_mode & 0o022) == (0, 0)
    running.stop()
    assert not copy.exists()
    assert wheel.stat().st_mode & 0o777 == 0o700


def test_without_namespaces_programs_others_can_reach_are_not_copied(
    wheel: Path, open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit_only(monkeypatch, DROPPED)
    wheel.chmod(0o755)
    running = postgres.start(open_home)
    assert wheel in program_of(running).parents
    running.stop()


def test_a_home_no_other_account_can_reach_has_its_data_elsewhere_and_is_not_opened_up(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit_only(monkeypatch, DROPPED)
    stations = Path(tempfile.mkdtemp(prefix="hazway-test-"))
    stations.chmod(0o755)
    monkeypatch.setattr(account, "STATIONS", stations)
    first = postgres.start(private_home)
    with create_engine(first.url, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
    first.stop()
    assert ask(postgres.start(private_home), "SELECT number FROM kept") == 7
    assert private_home.parent.stat().st_mode & 0o777 == 0o700
    assert not (private_home / "postgres").exists()
    postgres.forget(private_home)
    assert not list(stations.iterdir())
    stations.rmdir()


@pytest.mark.skipif(not namespaces_are_allowed(), reason="user namespaces are off on this machine")
def test_data_goes_from_one_account_to_the_other_with_its_rows(
    open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as limited:
        permit_only(limited, DROPPED)
        first = postgres.start(open_home)
        with create_engine(first.url, poolclass=NullPool).begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
        first.stop()
    second = postgres.start(open_home)
    assert ask(second, "SELECT number FROM kept") == 7
    second.stop()


def test_a_plain_user_starts_and_stops_it_in_a_private_home(wheel: Path, open_home: Path) -> None:
    os.chown(wheel, NOBODY.pw_uid, NOBODY.pw_gid)
    open_home.mkdir(mode=0o700)
    os.chown(open_home, NOBODY.pw_uid, NOBODY.pw_gid)

    def action() -> None:
        running = postgres.start(open_home)
        assert wheel in program_of(running).parents
        assert os.stat(f"/proc/{running.pid}").st_uid == NOBODY.pw_uid
        assert ask(running, "SELECT 1") == 1
        assert not postgres.start(open_home).owned
        running.stop()
        assert not processes.is_alive(running.pid)

    as_account(NOBODY.pw_uid, NOBODY.pw_gid, action)


@pytest.mark.skipif(not namespaces_are_allowed(), reason="user namespaces are off on this machine")
def test_an_account_without_a_name_starts_it(wheel: Path, open_home: Path) -> None:
    wheel.chmod(0o755)
    open_home.mkdir()
    os.chown(open_home, NAMELESS, NAMELESS)

    def action() -> None:
        running = postgres.start(open_home)
        assert ask(running, "SELECT 1") == 1
        running.stop()
        assert not processes.is_alive(running.pid)

    as_account(NAMELESS, NAMELESS, action)


def test_root_in_a_plain_users_home_leaves_the_data_to_that_user(wheel: Path, open_home: Path) -> None:
    open_home.mkdir(mode=0o700)
    os.chown(open_home, NOBODY.pw_uid, NOBODY.pw_gid)
    running = postgres.start(open_home)
    assert (open_home / "postgres").stat().st_uid == NOBODY.pw_uid
    assert ask(running, "SELECT 1") == 1
    running.stop()


def test_a_home_of_somebody_else_is_refused_in_both_languages(open_home: Path) -> None:
    open_home.mkdir()

    def action() -> None:
        for start in (postgres.start, redis.start):
            with pytest.raises(EmbeddedError, match="无权使用"):
                start(open_home)

    as_account(NOBODY.pw_uid, NOBODY.pw_gid, action)


def test_a_private_database_of_somebody_else_is_refused(open_home: Path) -> None:
    for folder in ("run", "log"):
        (open_home / folder).mkdir(parents=True)
        os.chown(open_home / folder, NOBODY.pw_uid, NOBODY.pw_gid)
    (open_home / "postgres").mkdir(mode=0o700)
    (open_home / "postgres" / "PG_VERSION").write_text("18\n")

    def action() -> None:
        with pytest.raises(EmbeddedError, match="HAZWAY_HOME"):
            postgres.start(open_home)

    as_account(NOBODY.pw_uid, NOBODY.pw_gid, action)
