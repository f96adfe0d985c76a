"""WB-08, WB-09 and whatever else the goods themselves forbid, told at the field of the waybill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from services.errors import Finding
from services.goods.checks import check_load
from services.runtime.clock import legal_day
from services.waybill.trip import Trip

# Fields of a load line that bear another name in a waybill.
_FIELDS = {"quantity_regime": "exemption", "packages": "package_count", "tank_code": "mode", "tank_state": "mode"}
_LINE = re.compile(r"^lines\[(\d+)\](?:\.(\w+))?$")


def goods_agree(trip: Trip) -> Iterator[Finding]:
    """The findings of the goods rules on the whole load, for the day of the departure."""
    for finding in check_load(trip.load, trip.catalogue, legal_day(trip.departure)):
        yield replace(finding, path=_path(finding.path))


def _path(path: str) -> str:
    match = _LINE.match(path)
    if match is None:
        return "waybill.goods"
    name = _FIELDS.get(match[2] or "", match[2] or "")
    return f"waybill.goods[{match[1]}]{'.' if name else ''}{name}"
