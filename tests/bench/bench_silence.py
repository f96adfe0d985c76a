"""A nation falls silent in one minute: `python tests/bench/bench_silence.py`.

Environment: VEHICLES (20000), FLEETS (100 carriers, each with a gateway of its own), LINKS (1: their gateways fall silent with them; 0: they
do not, so each vehicle is told by itself). All are on their way and are not heard of. Prints one JSON line: seconds and CPU-seconds from
the first that is found silent until all are told, and how many alarms that makes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import text

from services.monitoring import links
from tests.bench.road_house import carrier, road, wait_until_idle

VEHICLES, FLEETS, LINKS = (
    int(os.environ.get(name, default)) for name, default in (("VEHICLES", 20_000), ("FLEETS", 100), ("LINKS", 1))
)
_TOLD = text(
    "SELECT (SELECT count(*) FROM alarms_alarms WHERE kind = 'OFFLINE') + (SELECT count(*) FROM monitoring_silent WHERE fate = 0) AS vehicles,"
    " (SELECT count(*) FROM alarms_alarms) AS alarms, (SELECT count(*) FROM monitoring_outages WHERE revision > 0) AS links"
)


def main() -> None:
    at_ms = int(time.time() * 1000) - 600_000 + 120_000  # so long until they are missed
    with road(FLEETS, VEHICLES // FLEETS, at_ms) as built:
        if LINKS:
            with built.host.engine.begin() as connection:
                links.note(
                    connection,
                    links.minute_of(datetime.fromtimestamp(at_ms / 1000, UTC)),
                    {carrier(n) for n in range(FLEETS)},
                )
        began, used, last = time.monotonic(), built.cpu(), 0.0
        while True:
            time.sleep(0.25)
            with built.host.engine.connect() as connection:
                told = connection.execute(_TOLD).one()
            if not told.vehicles:
                began, used = time.monotonic(), built.cpu()
            if told.vehicles == VEHICLES:
                last = last or time.monotonic()
                if told.links == FLEETS * LINKS:
                    break
        wait_until_idle(built, 300.0)
        cpu = {name: round(value - used[name], 1) for name, value in built.cpu().items()}
        print(json.dumps({"name": "nation_silent", "unit": "s", "value": round(last - began, 1), "links_told_after_s": round(time.monotonic() - began, 1),
                          "vehicles": VEHICLES, "alarms": told.alarms, "cpu_s": cpu, "load_average": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
