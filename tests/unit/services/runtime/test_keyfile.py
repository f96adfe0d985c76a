"""A secret is made once, whoever comes first, and nobody else may read it."""

from __future__ import annotations

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.runtime.keyfile import key_from


def fresh() -> bytes:
    return secrets.token_bytes(32)


def test_many_at_once_read_the_same_secret(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "some.key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: key_from.__wrapped__(path, fresh), range(40)))
    assert found == {path.read_bytes()}
    assert [each.name for each in path.parent.iterdir()] == ["some.key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
