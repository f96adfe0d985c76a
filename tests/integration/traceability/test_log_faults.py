"""The fault table: each storage step of sequencing and publishing fails, before it took effect and after.

Whoever waits is told nothing in either case; so each retry meets what the failed round may have left behind.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hazway import audit, keys, note, receipt
from services import traceability
from services.errors import Refusal
from services.runtime.host import Host
from services.traceability import log_store
from services.traceability.publish import publish
from services.traceability.sequencer import LogFrozen, Sequencer, WrongLog
from services.traceability.tree import Tree
from services.traceability.worker import is_healthy
from tests import servers
from tests.integration.traceability.log_steps import keeping, let_in, open_log, registration, say, told_of_steps


class Fault(OSError):
    """The storage failed."""


@pytest.fixture(scope="module")
def host(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with servers.fresh_database(postgres_url) as url:
        made = open_log(url, tmp_path_factory.mktemp("home"))
        yield made
        made.close()


@pytest.fixture
def fresh(migrated_database_url: str, tmp_path: Path) -> Iterator[Host]:
    made = open_log(migrated_database_url, tmp_path)
    yield made
    made.close()


# step, which of its calls in a round; then, whether it took effect or not: did the tree grow, is the growth public.
TABLE = [
    ("lease", 1, (False, False), (False, False)),
    ("commit", 1, (False, False), (False, False)),
    ("is held", 1, (False, False), (False, False)),
    ("head", 1, (False, False), (False, False)),
    ("waiting", 1, (False, False), (False, False)),
    ("tiles", 1, (False, False), (False, False)),
    ("leaves", 1, (False, False), (False, False)),
    ("move", 1, (False, False), (False, False)),
    ("commit", 2, (False, False), (True, False)),
    ("entries", 1, (True, False), (True, False)),
    ("file entries", 1, (True, False), (True, False)),
    ("file 0", 1, (True, False), (True, False)),
    ("fsync", 1, (True, False), (True, False)),
    ("file checkpoint", 1, (True, False), (True, True)),
    ("drop", 1, (True, True), (True, True)),
]


@pytest.mark.parametrize("took_effect", [False, True], ids=["not persisted", "persisted"])
@pytest.mark.parametrize(("step", "call", "without", "with_effect"), TABLE, ids=lambda each: str(each))
def test_a_failing_step_loses_nothing_forks_nothing_and_freezes_nothing(
    host: Host, step: str, call: int, without: tuple[bool, bool], with_effect: tuple[bool, bool], took_effect: bool
) -> None:
    grew, public = with_effect if took_effect else without
    log = keeping(host)
    settle(log)
    before = size(host)
    digests = say(host, f"thing/{step.replace(' ', '-')}", f"{call}-{took_effect}", 3)
    calls = 0

    def fail(name: str, done: bool) -> None:
        nonlocal calls
        calls += name == step and not done
        if name == step and calls == call and done == took_effect:
            raise Fault(step)

    with told_of_steps(host.engine, fail), pytest.raises(Fault):
        log.round()
    assert size(host) == before + 3 * grew
    assert published(host) == before + 3 * public
    for _ in range(2):  # it fails again, now over what the first failure left
        calls = 0
        with told_of_steps(host.engine, fail), contextlib.suppress(Fault):
            log.round()
    settle(keeping(host))
    assert size(host) == published(host) == before + 3
    assert frozen(host) is None
    check(host, digests)


def check(host: Host, digests: list[bytes]) -> None:
    """The whole published log derives again, and each registration has one place and a receipt that verifies."""
    keeper = traceability.keeper_of(host.settings)
    log_keys = [keeper.note_signer.verifier]
    audit.audit(audit.directory_reader(folder(host)), log_keys)
    with host.engine.connect() as connection:
        rows = [registration(connection, digest) for digest in digests]
        assert log_store.entries(connection, rows[0].leaf_index, rows[-1].leaf_index + 1) == digests
    for row in rows:
        found = receipt.verify(row.receipt, row.digest, keeper.log.spki, keeper.origin)
        assert found.index == row.leaf_index


def test_many_small_batches_make_the_tree_that_one_large_one_makes(fresh: Host) -> None:
    """Across the edges of tiles: 255, 256, 257 and 600 leaves."""
    log = keeping(fresh)
    for target in (255, 256, 257, 300, 511, 513, 600):
        settle(log)
        say(fresh, "thing/many", f"to-{target}", target - size(fresh))
        settle(log)
        keeper = traceability.keeper_of(fresh.settings)
        report = audit.audit(audit.directory_reader(folder(fresh)), [keeper.note_signer.verifier])
        assert report.checkpoint.size == size(fresh) == target
    assert sorted(path.name for path in (folder(fresh) / "tile" / "0").iterdir()) == ["000", "001", "002.p"]
    assert sorted(path.name for path in (folder(fresh) / "tile" / "entries").iterdir()) == ["000", "001", "002.p"]


def test_partial_tiles_left_by_a_killed_process_are_swept(fresh: Host) -> None:
    say(fresh, "thing/many", "first", 299)
    settle(keeping(fresh))
    left = folder(fresh) / "tile" / "0" / "000.p" / "7"
    left.parent.mkdir()
    left.write_bytes(b"\x00" * 224)
    (folder(fresh) / "tile" / "0" / ".new-half").write_bytes(b"half")
    settle(keeping(fresh, "another"), fresh)
    assert not left.parent.exists()
    assert not (folder(fresh) / "tile" / "0" / ".new-half").exists()
    assert (folder(fresh) / "tile" / "0" / "001.p").exists()


def test_two_sequencers_on_one_key_cannot_fork_the_log(fresh: Host) -> None:
    """Both believe all the time that the other is gone, and take the lease from it at every turn."""
    for number in range(6):
        say(fresh, f"thing/{number}", "first", 40)
    failures: list[BaseException] = []

    def work(holder: str) -> None:
        log = keeping(fresh, holder)
        try:
            for number in range(8):
                let_in(fresh.engine)
                log.round()
                say(fresh, f"thing/{holder}", f"n{number}", 3)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(holder,)) for holder in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    settle(keeping(fresh), fresh)
    assert frozen(fresh) is None
    keeper = traceability.keeper_of(fresh.settings)
    report = audit.audit(audit.directory_reader(folder(fresh)), [keeper.note_signer.verifier])
    with fresh.engine.connect() as connection:
        assert connection.execute(text("SELECT count(leaf_index) FROM traceability_registrations")).scalar() == (
            report.checkpoint.size
        )


def test_a_sequencer_that_lost_its_lease_while_it_slept_signs_nothing(fresh: Host) -> None:
    keeper = traceability.keeper_of(fresh.settings)
    sleeper = Sequencer(fresh.engine, keeper, "sleeper")
    lease = sleeper.lease()
    assert lease is not None
    let_in(fresh.engine)
    assert Sequencer(fresh.engine, keeper, "awake").lease() is not None
    say(fresh, "thing/1", "late")
    assert sleeper.run(lease) == 0


@pytest.mark.parametrize("since", ["restart", "while running"])
def test_a_restored_backup_freezes_the_log_before_anything_else_is_signed(fresh: Host, since: str) -> None:
    """The database is set back to an earlier state than what is public already."""
    say(fresh, "thing/1", "before", 5)
    log = keeping(fresh)
    settle(log)
    with fresh.engine.connect() as connection:
        backup = connection.execute(text("SELECT size, range, checkpoint FROM traceability_log")).one()
    later = say(fresh, "thing/1", "after", 5)
    settle(log)
    with fresh.engine.begin() as connection:
        connection.execute(text("UPDATE traceability_log SET size = :size, range = :range, checkpoint = :checkpoint"),
                           {"size": backup.size, "range": list(backup.range), "checkpoint": backup.checkpoint})  # fmt: skip
        connection.execute(text("UPDATE traceability_registrations SET leaf_index = NULL, receipt = NULL"
                                " WHERE digest = ANY(:later)"), {"later": later})  # fmt: skip
    log = keeping(fresh, "restarted") if since == "restart" else log
    let_in(fresh.engine)
    assert not log.round()
    assert frozen(fresh) is not None
    with fresh.engine.connect() as connection:
        assert registration(connection, later[0]).receipt is None
    assert not is_healthy(fresh)


def test_a_forked_history_under_the_public_one_freezes_the_log(fresh: Host) -> None:
    """The same size, another leaf: as when two databases went on from one backup."""
    say(fresh, "thing/1", "before", 5)
    settle(keeping(fresh))
    keeper = traceability.keeper_of(fresh.settings)
    public = folder(fresh) / "checkpoint"
    body = public.read_text("utf-8").split("\n")
    other = note.to_base64(bytes(32))
    public.write_text(note.sign(f"{body[0]}\n{body[1]}\n{other}\n", keeper.note_signer), encoding="utf-8")
    with pytest.raises(LogFrozen):
        publish(fresh.engine, keeper, folder(fresh))
    assert frozen(fresh) is not None


def test_a_damaged_tile_freezes_the_log_at_start(fresh: Host) -> None:
    """One bit of one stored hash, the fault that ended a public log in 2022."""
    say(fresh, "thing/1", "before", 5)
    settle(keeping(fresh))
    with fresh.engine.begin() as connection:
        connection.execute(
            text("UPDATE traceability_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)")
        )
    say(fresh, "thing/1", "after")
    let_in(fresh.engine)
    keeping(fresh, "another").round()
    assert "tiles" in (frozen(fresh) or "")


def test_a_frozen_log_refuses_whatever_would_be_registered(fresh: Host) -> None:
    with fresh.engine.begin() as connection:
        log_store.freeze(connection, "somebody must look")
    with pytest.raises(Refusal) as refusal:
        say(fresh, "thing/1", "late")
    assert [finding.reason.name for finding in refusal.value.findings] == ["LOG_FROZEN"]
    assert keeping(fresh).round() is False


def test_another_key_or_name_is_the_processs_own_fault_and_freezes_nothing(fresh: Host) -> None:
    say(fresh, "thing/1", "before", 5)
    settle(keeping(fresh))
    keeper = traceability.keeper_of(fresh.settings)
    for wrong in (replace(keeper, log=keys.generate()), replace(keeper, origin="log.example/other")):
        with pytest.raises(WrongLog):
            Sequencer(fresh.engine, wrong, "wrong").open()
    assert frozen(fresh) is None
    say(fresh, "thing/1", "after")
    settle(keeping(fresh), fresh)
    assert published(fresh) == 7


def test_a_receipt_that_does_not_lead_to_the_root_is_never_released(
    fresh: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log's own proof is verified first: a tree that computes wrongly freezes instead of answering."""
    settle(keeping(fresh))
    [digest] = say(fresh, "thing/1", "one")
    monkeypatch.setattr(Tree, "path", lambda *_: [b"\x00" * 32])
    assert keeping(fresh).round() is False
    assert frozen(fresh) is not None
    with fresh.engine.connect() as connection:
        assert registration(connection, digest).receipt is None


def test_health_says_when_receipts_stop_coming(fresh: Host) -> None:
    assert is_healthy(fresh)
    settle(keeping(fresh))
    say(fresh, "thing/1", "one")
    assert is_healthy(fresh)
    with fresh.engine.begin() as connection:
        connection.execute(text("UPDATE traceability_registrations SET queued_at = queued_at - interval '6 seconds'"))
    assert not is_healthy(fresh)
    settle(keeping(fresh), fresh)
    assert is_healthy(fresh)


def settle(log: object, host: Host | None = None) -> None:
    if host is not None:
        let_in(host.engine)
    while log.round():  # type: ignore[attr-defined]
        pass


def size(host: Host) -> int:
    with host.engine.connect() as connection:
        head = log_store.find_head(connection)
    assert head is not None
    return head.size


def frozen(host: Host) -> str | None:
    with host.engine.connect() as connection:
        head = log_store.find_head(connection)
    assert head is not None
    return head.frozen


def folder(host: Host) -> Path:
    return host.settings.home / "public" / "log"


def published(host: Host) -> int:
    return int((folder(host) / "checkpoint").read_text("utf-8").split("\n")[1])
