"""The demo's report: for people to read, or as JSON for machines."""

from __future__ import annotations

import json
from itertools import groupby

from services.demo.expectations import Expectations, Outcome

_MARKS = {Outcome.HELD: "✓", Outcome.FAILED: "✗", Outcome.NOT_SHOWN: "–"}


def as_text(held: Expectations, region: str, seconds: float) -> str:
    lines = [f"演示报告 report  区域 region: {region}  {seconds:.0f} s"]
    for chapter, found in groupby(sorted(held.met, key=lambda one: one.chapter), key=lambda one: one.chapter):
        lines.append(chapter)
        for one in found:
            detail = f"  [{one.detail}]" if one.detail else ""
            lines.append(f"  {_MARKS[one.outcome]} {one.zh}  {one.en}{detail}")
    counts = {outcome: sum(one.outcome is outcome for one in held.met) for outcome in Outcome}
    lines.append(
        f"成立 held {counts[Outcome.HELD]}  不成立 failed {counts[Outcome.FAILED]}  未展示 not shown {counts[Outcome.NOT_SHOWN]}"
    )
    return "\n".join(lines)


def as_json(held: Expectations, region: str, seconds: float) -> str:
    return json.dumps(
        {
            "region": region,
            "seconds": round(seconds, 1),
            "all_held": held.all_held,
            "expectations": [
                {"chapter": one.chapter, "zh": one.zh, "en": one.en, "outcome": one.outcome.value, "detail": one.detail}
                for one in held.met
            ],
        },
        ensure_ascii=False,
    )
