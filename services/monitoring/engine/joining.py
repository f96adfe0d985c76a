"""Several states as one, and parts of it as states of their own: what a step costs however little it does is paid once for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.monitoring.engine.state import ShardState

Int64s = npt.NDArray[np.int64]


def take_in(state: ShardState, others: Sequence[ShardState]) -> None:
    """Put all the others know into the state, of vehicles it does not know. All must be as of the same tick and activation."""
    if not others:
        return
    state.tick_ms, state.activation = others[0].tick_ms, others[0].activation
    state.slots(np.concatenate([other.vehicle for other in others]))
    for other in others:
        slots = state.slots(other.vehicle)
        state.columns.copy_row(slots, other.columns, np.arange(len(other)))
        slot = slots.tolist()
        for mine, theirs in state.known_of(other):
            mine.update((slot[place], value) for place, value in theirs.items())
        state.open.update({(slot[key[0]], *key[1:]): alarm for key, alarm in other.open.items()})
        for place in other.trips:
            state.follow_trip(slot[place])


def part(state: ShardState, slots: Int64s) -> ShardState:
    """A copy of what is known of some vehicles, in that order: enough for a snapshot, or to go on by itself after ``take_in``."""
    copy = ShardState()
    copy.tick_ms, copy.activation = state.tick_ms, state.activation
    places = copy.slots(state.vehicle[slots])
    copy.columns.copy_row(places, state.columns, slots)
    place_of = dict(zip(slots.tolist(), places.tolist(), strict=True))
    for theirs, mine in copy.known_of(state):
        if len(mine) < len(place_of):
            theirs.update((place_of[slot], value) for slot, value in mine.items() if slot in place_of)
        else:
            theirs.update((place, mine[slot]) for slot, place in place_of.items() if slot in mine)
    for slot, place in place_of.items():
        copy.open.update({(place, *key[1:]): alarm for key, alarm in state.open.of(slot).items()})
    return copy
