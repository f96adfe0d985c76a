"""Keys of roadside codes lie in files by the day they are good from; one takes over from another without a gap."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hazway import keys
from services.waybill.roadside_keys import code_keys, signer_at

NOW = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)  # 08:00 of China
MIDNIGHT = datetime(2026, 11, 2, 16, 0, tzinfo=UTC)  # the third of November, 00:00 of China


def put(home: Path, day: str, alg: int = keys.ED25519) -> keys.MemorySigner:
    signer = keys.generate(alg)
    (home / "keys").mkdir(exist_ok=True)
    (home / "keys" / f"roadside-{day}.pem").write_bytes(keys.to_pem(signer))
    return signer


def test_the_first_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    first = signer_at(tmp_path, NOW)
    assert signer_at(tmp_path, NOW + timedelta(days=30)).kid == first.kid
    (file,) = (tmp_path / "keys").iterdir()
    assert file.name == "roadside-20261102.pem"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_later_key_signs_from_its_midnight_on_and_not_a_second_before(tmp_path: Path) -> None:
    old, new = put(tmp_path, "20261102"), put(tmp_path, "20261103", keys.ES256)
    assert signer_at(tmp_path, MIDNIGHT - timedelta(seconds=1)).kid == old.kid
    assert signer_at(tmp_path, MIDNIGHT).kid == new.kid


def test_the_times_of_two_keys_meet_and_do_not_overlap(tmp_path: Path) -> None:
    put(tmp_path, "20261102")
    put(tmp_path, "20261103")
    one, other = code_keys(tmp_path, NOW)
    midnight = int(MIDNIGHT.timestamp())
    assert (one.is_valid(midnight - 1), one.is_valid(midnight)) == (True, False)
    assert (other.is_valid(midnight - 1), other.is_valid(midnight)) == (False, True)
    assert other.valid_to is None


def test_a_key_for_the_future_alone_leaves_today_with_one_of_its_own(tmp_path: Path) -> None:
    future = put(tmp_path, "20261201")
    assert signer_at(tmp_path, NOW).kid != future.kid
    assert len(code_keys(tmp_path, NOW)) == 2


def test_many_at_once_make_one_key(tmp_path: Path) -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(signer_at(tmp_path, NOW).kid)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 16
    assert len(set(made)) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 1
