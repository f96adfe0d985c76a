"""A house of lorries over a real server."""

from __future__ import annotations

import pytest

from tests.integration.monitoring.road_house import House, play_house
from tests.world import World


@pytest.fixture
def house(world: World) -> House:
    return play_house(world)
