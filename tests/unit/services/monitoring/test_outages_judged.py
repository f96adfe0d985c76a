"""What is told of a link that is down, whoever comes back and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.monitoring.outages import FEWEST, judge
from services.monitoring.outages_store import Fate, Outage

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
counts = st.dictionaries(st.sampled_from(Fate), st.integers(0, 5))


@given(counts, st.integers(0, 3), st.none() | st.integers(0, 40))
def test_everybody_is_counted_once_and_said_once_and_nobody_is_left_out(
    fates: dict[Fate, int], revision: int, heard_ago_min: int | None
) -> None:
    heard_at = None if heard_ago_min is None else NOW - timedelta(minutes=heard_ago_min)
    outage = Outage(("carrier", 1), revision, {}, fates)
    verdict = judge(outage, heard_at, NOW)
    whole = sum(many for fate, many in fates.items() if fate is not Fate.NEVER)
    is_back = heard_ago_min is not None and heard_ago_min >= 10
    if revision == 0 and whole < FEWEST:
        assert verdict.say is None
        assert set(verdict.name) == {Fate.SILENT, Fate.BACK}
    else:
        assert verdict.say is not None
        said = {name: int(value) for name, value in verdict.say.items() if name != "heard_ms"}
        assert said.pop("vehicles") == sum(said.values()) == whole
        assert ("heard_ms" in verdict.say) == (heard_at is not None)
        assert tuple(verdict.name) == ((Fate.SILENT,) if is_back else ())
        assert said["silent"] == (0 if is_back else fates.get(Fate.SILENT, 0))
        assert judge(Outage(outage.key, revision + 1, verdict.say, fates), heard_at, NOW).say is None, "nothing new"
    still_to_name = any(fates.get(fate, 0) for fate in verdict.name)
    if verdict.due_at is None:
        assert verdict.name
        assert not still_to_name, "over when a look has found nobody left"
    else:
        assert verdict.due_at > NOW
