"""Tunnels, bridges, restricted areas, corridors, speed sections, parking places, time-banned roads, and divisions: versions, calendars, passes.

Other slices ask ``active``, ``timeline``, ``turned``, ``last_change``, ``changes_since``, ``next_edge``, ``version_of``, ``regions``, ``region``,
``passages_on``, ``on_route`` and ``signs_on_route``, and judge with ``services.zones.rules``; a change wakes whoever listens to ``WAKE_ZONES``.
``division_at`` and its kin tell which administrative division a position is in.
"""

from services.zones.book import Moment
from services.zones.divisions import division_at, divisions, divisions_at, divisions_at_all
from services.zones.front import (
    active,
    changes_since,
    edge_keys,
    last_change,
    next_edge,
    region,
    regions,
    timeline,
    turned,
    version_of,
)
from services.zones.model import Effective
from services.zones.puts import WAKE_ZONES
from services.zones.route_zones import on_route, passages_on, signs_on_route

__all__ = [
    "WAKE_ZONES",
    "Effective",
    "Moment",
    "active",
    "changes_since",
    "division_at",
    "divisions",
    "divisions_at",
    "divisions_at_all",
    "edge_keys",
    "last_change",
    "next_edge",
    "on_route",
    "passages_on",
    "region",
    "regions",
    "signs_on_route",
    "timeline",
    "turned",
    "version_of",
]
