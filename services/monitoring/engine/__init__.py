"""Detection, pure: ``step`` moves a shard's state on by one entry of its log, ``activate`` to other zones, ``recompute`` sets right what
late fixes change."""

from services.monitoring.engine.joining import part, take_in
from services.monitoring.engine.late import recompute, reconcile
from services.monitoring.engine.live import last_positions
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.stepping import activate, step
from services.monitoring.engine.thresholds import Thresholds, basis_of, next_figures, thresholds_on
from services.monitoring.engine.world import Roads, World, rates_of

__all__ = [
    "Roads",
    "ShardState",
    "Thresholds",
    "World",
    "activate",
    "basis_of",
    "last_positions",
    "next_figures",
    "part",
    "rates_of",
    "recompute",
    "reconcile",
    "step",
    "take_in",
    "thresholds_on",
]
