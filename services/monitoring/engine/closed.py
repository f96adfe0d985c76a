"""Which places, by number, are closed to a load: each is asked about once for every load and then remembered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from services.monitoring.engine.judge import Load
from services.monitoring.engine.state import ShardState

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MOST_LOADS = 512
_UNKNOWN = -1


class Closed:
    """``closes`` says of one place and a load what is asked; it is closed but for passes and hours."""

    def __init__(self, count: int, closes: Callable[[int, Load], bool]) -> None:
        self._count, self._closes = count, closes
        self._known: dict[Load, npt.NDArray[np.int8]] = {}

    def to(self, state: ShardState, slot: Int64s, place: Int64s) -> Mask:
        """Whether each place is closed to what the vehicle beside it carries."""
        number = state.load_number[slot]
        answer = np.zeros(len(slot), dtype=bool)
        for one in np.unique(number).tolist():
            mine = np.flatnonzero(number == one)
            answer[mine] = self.to_load(state.loads[one], place[mine])
        return answer

    def to_load(self, load: Load, place: Int64s) -> Mask:
        known = self._known.get(load)
        if known is None:
            if len(self._known) >= _MOST_LOADS:
                self._known.clear()
            known = self._known[load] = np.full(self._count, _UNKNOWN, dtype=np.int8)
        unknown = place[known[place] == _UNKNOWN]
        for one in np.unique(unknown).tolist() if len(unknown) else ():
            known[one] = self._closes(one, load)
        closed: Mask = known[place] == 1
        return closed
