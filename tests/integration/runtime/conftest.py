"""A directory other accounts may pass into: pytest's own are root's alone, and PostgreSQL refuses to be root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if os.geteuid() != 0:
        yield tmp_path_factory.mktemp("runtime")
        return
    place = Path(tempfile.mkdtemp(prefix="hazway-test-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)
