"""A full cast over a real server, with an issued waybill at the gate."""

from __future__ import annotations

import pytest

from tests.cast import play
from tests.integration.loading.depot import Depot
from tests.world import World


@pytest.fixture
def depot(world: World) -> Depot:
    return Depot.open(play(world))
