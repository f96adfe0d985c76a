"""The trust of whoever verifies what it exports."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hazway.policy import Policy
from hazway.trust import Trust
from services import traceability
from tests.world import World


@pytest.fixture
def trust_of() -> Callable[..., Trust]:
    def trust(world: World, policy: Policy | None = None) -> Trust:
        keeper = traceability.keeper_of(world.host.settings)
        return Trust(
            log_keys=(keeper.note_signer.verifier,),
            authorities=(keeper.operator.spki,),
            policy=policy,
            at=world.clock.now(),
        )

    return trust
