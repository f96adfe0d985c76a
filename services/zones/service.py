"""Zones on the wire: published by authorities, read by everybody."""

from __future__ import annotations

from services.runtime.service import Service
from services.zones import lists, puts, routes

SERVICE = Service(
    name="hazway.zones.v1.ZoneService",
    unary={
        "PutZone": puts.put_zone,
        "DeclareTunnel": puts.declare_tunnel,
        "WithdrawZone": puts.withdraw_zone,
        "GetZone": lists.get_zone,
        "ListZones": lists.list_zones,
        "ExportGeoJson": lists.export_geo_json,
        "ReadGeoJson": lists.read_geo_json,
        "ListRegions": routes.list_regions,
        "PlanRoute": routes.plan_route,
        "CheckRoute": routes.check_route,
    },
)
