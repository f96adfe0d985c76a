"""A full cast over a real server."""

from __future__ import annotations

import pytest

from tests.cast import Cast, play
from tests.world import World


@pytest.fixture
def cast(world: World) -> Cast:
    return play(world)
