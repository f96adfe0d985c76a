"""Detection, pure: ``step`` moves a shard's state on by one entry of its log, ``recompute`` sets right what late fixes change."""

from services.monitoring.engine.late import recompute, reconcile
from services.monitoring.engine.live import last_positions
from services.monitoring.engine.parking import ParkingLot
from services.monitoring.engine.persons import Persons
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.stepping import step
from services.monitoring.engine.thresholds import Thresholds, basis_of, thresholds_on
from services.monitoring.engine.world import Roads, World

__all__ = [
    "ParkingLot",
    "Persons",
    "Roads",
    "ShardState",
    "Thresholds",
    "World",
    "basis_of",
    "last_positions",
    "recompute",
    "reconcile",
    "step",
    "thresholds_on",
]
