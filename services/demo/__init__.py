"""The demo: a client of the server it starts, playing one dangerous-goods trip from planning to verified record."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

from hazway.cli_watch import lines
from hazway.refusals import Refused
from services.demo import cast, report
from services.demo.expectations import Expectations
from services.demo.play import Play, Say
from services.demo.stage import NotOnAnExternalDatabase, Stage, open_stage
from services.runtime.settings import Settings

FACTOR = 40.0  # the demo's clock against the world's: a trip of half an hour in under a minute

__all__ = ["NotOnAnExternalDatabase", "run"]


def run(settings: Settings, *, region: Path | None, as_json: bool, serve: bool) -> bool:
    """Play the trip and print the report; with ``serve`` go on serving and show the road until Ctrl-C. Whether all held."""
    began = time.monotonic()
    with open_stage(settings, factor=FACTOR) as stage:
        held = Play(stage, region, _say(as_json), Expectations()).play()
        show = report.as_json if as_json else report.as_text
        print(show(held, region.name if region else "示例县 model region", time.monotonic() - began), flush=True)
        if serve and held.all_held:
            _serve(stage)
    return held.all_held


def _say(as_json: bool) -> Say:
    stream = sys.stderr if as_json else sys.stdout
    return lambda text: print(text, file=stream, flush=True)


def _serve(stage: Stage) -> None:
    """Serve on, printing vehicles and alarms as the carrier's desk sees them."""
    told = threading.Event()
    signal.signal(signal.SIGINT, lambda _number, _frame: told.set())
    signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
    ports = stage.ports
    print(f"服务中 serving: gRPC mTLS localhost:{ports['machine_port']}, TLS+token localhost:{ports['people_port']}, "
          f"log http://localhost:{ports['log_port']}/log/  (Ctrl-C 结束 ends)", flush=True)  # fmt: skip
    threading.Thread(target=_watch, args=(stage, told), daemon=True).start()
    told.wait()


def _watch(stage: Stage, told: threading.Event) -> None:
    while not told.is_set():
        try:
            for line in lines(stage.client(cast.CARRIER), ""):
                print(line, flush=True)
        except Refused:
            time.sleep(1.0)
