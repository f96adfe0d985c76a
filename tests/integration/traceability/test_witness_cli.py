"""``hazway log witness`` as another agency runs it: a program of its own, asked by a log, stopped and started again."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from hazway import checkpoint, note
from hazway.cli import app
from tests.integration.traceability.test_witness_over_http import ask, asking, grown
from tests.simulated_log import START, SimulatedLog


@contextmanager
def running(folder: Path, log: SimulatedLog) -> Iterator[tuple[str, str]]:
    """The witness's public key and address."""
    program = [sys.executable, "-m", "hazway.cli", "log", "witness", "--key", str(folder / "key")]
    process = subprocess.Popen(
        [*program, "--log", log.vkey, "--state", str(folder / "state")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = re.search(r"witness (\S+)  (http://\S+)", process.stdout.readline())
        assert said is not None
        yield said[1], said[2]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_witness_runs_with_the_thin_client_alone_and_remembers(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["log", "witness-key", "witness.example/police", "--out", str(tmp_path / "key")])
    assert made.exit_code == 0
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    log = grown(SimulatedLog(), 9)
    with running(tmp_path, log) as (vkey, url):
        assert vkey == made.stdout.strip()
        status, line, _ = ask(url, asking(log, 0, 7))
        assert status == 200
        text = log.checkpoint(at=START, size=7) + line
        assert len(checkpoint.open(text, [log.vkey], [note.parse_verifier(vkey)]).cosignatures) == 1
    with running(tmp_path, log) as (_, url):
        assert ask(url, asking(log, 0, 9))[:2] == (409, "7\n")


def test_an_existing_key_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mine", encoding="utf-8")
    made = CliRunner().invoke(app, ["log", "witness-key", "witness.example/police", "--out", str(tmp_path / "key")])
    assert made.exit_code != 0
    assert (tmp_path / "key").read_text("utf-8") == "mine"


def test_a_witness_needs_a_witnesses_key(tmp_path: Path) -> None:
    private, _ = note.generate("log.example/not-a-witness")
    (tmp_path / "key").write_text(private, encoding="utf-8")
    log = SimulatedLog()
    started = CliRunner().invoke(
        app, ["log", "witness", "--key", str(tmp_path / "key"), "--log", log.vkey, "--state", str(tmp_path / "state")]
    )
    assert started.exit_code == 1
