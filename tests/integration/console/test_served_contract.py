"""The whole api process: its HTTP port is told, its page is readable, and what it shows as an example is a sound trip."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import time
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


@pytest.fixture
def api(tmp_path: Path, database_url: str, redis_url: str) -> Any:
    settings = Settings(home=tmp_path / "home", database_url=database_url, redis_url=redis_url)
    assembly.prepare(settings)
    command = [sys.executable, "-m", "services", "serve", "--role", "api"]
    process = subprocess.Popen(command, env=to_environment(settings))
    told = settings.home / assembly.PORTS_FILE
    deadline = time.monotonic() + 60
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield json.loads(told.read_text()), settings
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_the_api_process_tells_its_http_port_and_ends_in_peace(api: Any) -> None:
    ports, settings = api
    trust = ssl.create_default_context(cafile=settings.home / "authority" / "authority.pem")
    with httpx.Client(base_url=f"https://localhost:{ports['http_port']}", verify=trust) as client:
        assert client.get("/openapi.json").json()["openapi"] == "3.1.0"
        assert post(client, "ListWaybills", {}).status_code == 401
        assert client.get("/log/checkpoint").status_code in (200, 404)
