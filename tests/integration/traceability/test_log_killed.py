"""SIGKILL between any two storage steps: nothing acknowledged is lost, doubled, moved, or answered differently later."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def killed_over_and_over(database_url: str, home: Path, first: int, count: int) -> None:
    program = [sys.executable, "-m", "tests.integration.traceability.killed_log"]
    done = subprocess.run(
        [*program, database_url, str(home), str(first), str(count)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{lines[-1:]}\n{done.stderr[-3000:]}"
    assert len(lines) == count
    assert sum(line["killed"] for line in lines) >= count * 0.6, "most seeds must end in a kill to say anything"


def test_a_log_killed_at_twenty_random_steps_keeps_every_promise(database_url: str, tmp_path: Path) -> None:
    killed_over_and_over(database_url, tmp_path, 1, 20)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_log_killed_at_two_hundred_random_steps_keeps_every_promise(database_url: str, tmp_path: Path) -> None:
    killed_over_and_over(database_url, tmp_path, 1_000, 200)
