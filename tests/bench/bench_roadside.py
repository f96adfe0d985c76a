"""Roadside codes judged per second offline, one thread, by a bundle opened once; and what opening a bundle costs. One JSON line."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from hazway import day_bundle, keys, roadside
from hazway.day_bundle import Status, StatusList
from hazway.roadside import Verdict
from tests.vectors.generate_roadside import AT, AUTHORITY, BUNDLE, PLATFORM, PLATFORM_ES256, TRUST, bundle, code

RUNS = 5
CODES = 300
STATUSES = 1_000_000


def per_second(act: Callable[[], object], times: int) -> float:
    act()
    rates = []
    for _ in range(RUNS):
        started = time.perf_counter()
        for _ in range(times):
            act()
        rates.append(times / (time.perf_counter() - started))
    return statistics.median(rates)


def checks_per_second(signer: keys.Signer) -> float:
    text, opened = code(signer), day_bundle.open(bundle(), TRUST)

    def act() -> None:
        if roadside.check_opened(text, opened, AT).verdict is not Verdict.VALID:
            raise AssertionError("the benchmark's code is not valid")

    return per_second(act, CODES)


def main() -> None:
    voided = dict.fromkeys(random.Random(1).sample(range(STATUSES), STATUSES // 20), Status.VOID)
    large = day_bundle.sign(replace(BUNDLE, status=StatusList.of(0, STATUSES, voided)), AUTHORITY)
    print(
        json.dumps(
            {
                "bench": "roadside",
                "checks_per_s_ed25519": round(checks_per_second(PLATFORM)),
                "checks_per_s_es256": round(checks_per_second(PLATFORM_ES256)),
                "codes_made_per_s": round(per_second(code, CODES)),
                "characters": len(code()),
                "bundle_of_1m_statuses_bytes": len(large),
                "bundle_of_1m_statuses_open_ms": round(1000 / per_second(lambda: day_bundle.open(large, TRUST), 3), 1),
            }
        )
    )


if __name__ == "__main__":
    main()
