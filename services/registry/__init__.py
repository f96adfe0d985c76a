"""Who and what may take part: organisations, licences, vehicles, tanks, people, permits, each fact dated.

Other slices read with ``facts_at`` (``known_of`` for many at once), tell with ``record_tank_state``, ``use_permit`` and ``record_presence``; the adapter
asks ``identify`` at each call, and ``subject_relations`` tells who may read what was stated about a thing of it. That zone passes
changed is told through the outbox, topic ``PASS_TOPIC``.
"""

from services.registry.facts import Known, TakingPart, facts_at, facts_of_versions, known_of
from services.registry.fleet import division_of, fleet, fleet_mark, with_terminal
from services.registry.lookup import own_person, own_vehicle
from services.registry.passes import TOPIC as PASS_TOPIC
from services.registry.relations import division_prefix
from services.registry.standing import identify
from services.registry.subjects import subject_relations
from services.registry.told import record_presence, record_tank_state, use_permit

__all__ = [
    "PASS_TOPIC",
    "Known",
    "TakingPart",
    "division_of",
    "division_prefix",
    "facts_at",
    "facts_of_versions",
    "fleet",
    "fleet_mark",
    "identify",
    "known_of",
    "own_person",
    "own_vehicle",
    "record_presence",
    "record_tank_state",
    "subject_relations",
    "use_permit",
    "with_terminal",
]
