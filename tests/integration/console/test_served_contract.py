"""The whole api process: its ports are told, its page is readable, what it shows as an example is a sound trip, and two serve as one."""

from __future__ import annotations

import json
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hazway import ids
from services import assembly
from services.runtime.settings import Settings, to_environment
from tests.cast import CARRIER
from tests.integration.console.conftest import Web, post


def test_the_example_trip_may_travel(web: Web) -> None:
    reader = web.client(verify=web.trust())
    contract = reader.get("/openapi.json").json()
    media = contract["paths"]["/hazway.waybill.v1.WaybillService/IssueWaybill"]["post"]["requestBody"]["content"]
    example: dict[str, Any] = media["application/json"]["example"]
    example |= {"validate_only": True, "request_id": ids.new_id()}
    judged = post(web.fleet(CARRIER), "IssueWaybill", example)
    assert judged.status_code == 200, judged.text
    assert all(tag["x-displayName"] for tag in contract["tags"]), "each service has a name people know"
    assert reader.get("/").headers["location"] == "/docs"
    docs = reader.get("/docs")
    assert docs.headers["content-type"].startswith("text/html")
    assert "IssueWaybill" in docs.text
    assert docs.headers["content-security-policy"].startswith("default-src 'none'")


SHARED = ("keys", "authority", "public", "tracks", "goods")


@pytest.fixture
def apis(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[list[Settings]]:
    """Two api processes as docker/cluster.yaml runs them: all of their home shared but ``run``, here by links instead of mounts."""
    shared = Settings(home=tmp_path / "shared", database_url=database_url, redis_url=redis_url)
    assembly.prepare(shared)
    started, processes = [], []
    for name in ("one", "two"):
        home = tmp_path / name
        home.mkdir()
        for folder in SHARED:
            (shared.home / folder).mkdir(exist_ok=True)
            (home / folder).symlink_to(shared.home / folder)
        settings = replace(shared, home=home)
        started.append(settings)
        command = [sys.executable, "-m", "services", "serve", "--role", "api"]
        processes.append(subprocess.Popen(command, env=to_environment(settings)))
    deadline = time.monotonic() + 90
    while not all((each.home / assembly.PORTS_FILE).exists() for each in started) and time.monotonic() < deadline:
        time.sleep(0.1)
    yield started
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(20) for process in processes] == [0, 0]


def test_two_api_processes_share_their_home_but_for_run_and_answer_alike(apis: list[Settings]) -> None:
    told = [json.loads((each.home / assembly.PORTS_FILE).read_text()) for each in apis]
    assert len({ports["pid"] for ports in told}) == len({ports["http_port"] for ports in told}) == 2
    for settings, ports in zip(apis, told, strict=True):
        trust = ssl.create_default_context(cafile=settings.home / "authority" / "authority.pem")
        with httpx.Client(base_url=f"https://localhost:{ports['http_port']}", verify=trust) as client:
            assert client.get("/openapi.json").json()["openapi"] == "3.1.0"
            assert post(client, "ListWaybills", {}).status_code == 401
            assert client.get("/log/checkpoint").status_code in (200, 404)
        own = {each.name for each in settings.home.iterdir() if not each.is_symlink()}
        assert own == {"run"}, "whatever else it writes, the other has too"
    assert not (apis[0].home.parent / "shared" / "run").exists()


def test_the_cluster_file_mounts_just_that() -> None:
    text = (Path(__file__).resolve().parents[3] / "docker/cluster.yaml").read_text("utf-8")
    assert re.findall(r"\}:(/var/lib/\S+)$", text, re.MULTILINE) == ["/var/lib/hazway"]
    own = re.findall(r"type: tmpfs, target: (\S+) \}", text)
    assert own == [str(Path("/var/lib/hazway", assembly.PORTS_FILE).parent)]
    assert all(f"{folder}/" in text or folder in text for folder in SHARED)
