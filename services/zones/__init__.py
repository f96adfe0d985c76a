"""Tunnels, restricted areas, corridors, speed sections, parking places and time-banned roads: versions, calendars, goods, passes.

Other slices ask ``active``, ``changes_since``, ``version_of``, ``region`` and ``on_route``, and judge with ``services.zones.rules``;
a change wakes whoever listens to ``WAKE_ZONES``.
"""

from services.zones.front import active, changes_since, edge_keys, on_route, region, version_of
from services.zones.puts import WAKE_ZONES

__all__ = ["WAKE_ZONES", "active", "changes_since", "edge_keys", "on_route", "region", "version_of"]
