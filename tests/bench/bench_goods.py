"""Loads judged per second by the pure rules, one thread: findings, tunnels and permits of each. One JSON line."""

from __future__ import annotations

import json
import random
import statistics
import time
from datetime import date

from services.goods import Load, LoadLine, Mode, check_load, core, permits_needed, tunnel_categories

ON = date(2026, 11, 1)
RUNS = 5
LOADS = 4000


def some_loads(seed: int) -> list[Load]:
    """Tankers of one to three products and lorries of one to eight lines, a tenth of them fireworks."""
    chance = random.Random(seed)
    tanked = [row for row in core().rows() if row.tank_code and not row.is_explosive]
    packed = [row for row in core().rows() if not row.is_explosive]
    fireworks = [row for row in core().rows() if row.un_number in ("0333", "0334", "0335", "0336", "0337")]
    loads = []
    for _ in range(LOADS):
        rows, mode, most, vehicle = chance.choices(
            [(tanked, Mode.TANK, 3, "FL"), (packed, Mode.PACKAGES, 8, "CT"), (fireworks, Mode.PACKAGES, 4, "EX/II")],
            [6, 3, 1],
        )[0]
        lines = tuple(
            LoadLine(
                un_number=row.un_number, packing_group=row.packing_group, mode=mode, mass_g=chance.randrange(1, 9_000_000),
                net_explosive_mass_g=1000 if row.is_explosive else 0, packages=1, tank_code=row.tank_code.split(";")[0],
            )
            for row in chance.choices(rows, k=chance.randint(1, most))
        )  # fmt: skip
        loads.append(Load(lines=lines, vehicle_type=vehicle))
    return loads


def judged_per_second(loads: list[Load]) -> float:
    catalogue = core()
    started = time.perf_counter()
    for load in loads:
        check_load(load, catalogue, ON)
        tunnel_categories(load, catalogue, ON)
        permits_needed(load, catalogue, ON)
    return len(loads) / (time.perf_counter() - started)


def main() -> None:
    loads = some_loads(1)
    judged_per_second(loads[:200])
    runs = [judged_per_second(loads) for _ in range(RUNS)]
    lines = sum(len(load.lines) for load in loads)
    print(
        json.dumps(
            {
                "bench": "goods",
                "loads_per_s": round(statistics.median(runs)),
                "lines_per_load": round(lines / len(loads), 2),
                "runs": [round(run) for run in runs],
            }
        )
    )


if __name__ == "__main__":
    main()
