"""The README's example is run as it stands, against a real server."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from hazway import keys
from services import traceability
from tests.world import World

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_example_runs_as_printed(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    keeper = traceability.keeper_of(world.host.settings)
    world.authority.issue(traceability.OPERATOR).write(tmp_path / "identity")
    done = threading.Event()
    worker = threading.Thread(target=_settle, args=(world, done))
    worker.start()
    try:
        exec(  # noqa: S102  # the example is ours
            example,
            {
                "server": f"localhost:{world.listeners.machine_port}",
                "identity": tmp_path / "identity",
                "signing_key": keys.to_pem(keeper.operator),
                "trust_file": traceability.trust_file(keeper),
            },
        )
    finally:
        done.set()
        worker.join()
    assert "示例运输有限公司" in capsys.readouterr().out


def test_every_variable_the_server_reads_is_named() -> None:
    from services.runtime.settings import Settings, to_environment

    for variable in to_environment(Settings(home=Path("/")), {}):
        assert variable in README, variable


def _settle(world: World, done: threading.Event) -> None:
    while not done.wait(0.1):
        world.settle(1)
