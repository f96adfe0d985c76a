"""A full cast over a real server, with an issued waybill at the gate."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tests.integration.loading.depot import Depot


@pytest.fixture
def depot(cast: Cast) -> Depot:
    return Depot.open(cast)
