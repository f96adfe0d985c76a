"""Whether a permit or pass can be what it says it is; pure."""

from __future__ import annotations

from collections.abc import Iterator

from services.errors import Finding
from services.errors.common import missing
from services.errors.registry import MASS_INVALID, PERIOD_INVALID
from services.registry.identifiers import un_number_of
from services.registry.model import Permit


def check_permit(permit: Permit) -> tuple[Finding, ...]:
    return (*_named(permit), *_periods(permit), *_goods(permit))


def _named(permit: Permit) -> Iterator[Finding]:
    for name in ("id", "number", "issuer", "organisation_id"):
        if not getattr(permit, name).strip():
            yield missing(f"permit.{name}")


def _periods(permit: Permit) -> Iterator[Finding]:
    spans = [("permit.valid_to", permit.valid_from, permit.valid_to)]
    spans += [(f"permit.windows[{index}].end", *window) for index, window in enumerate(permit.windows)]
    for path, start, end in spans:
        if end <= start:
            values = {"valid_from": start.isoformat(), "valid_to": end.isoformat()}
            yield Finding(reason=PERIOD_INVALID, path=path, rule="RG-10", values=values)


def _goods(permit: Permit) -> Iterator[Finding]:
    for index, goods in enumerate(permit.goods):
        path = f"permit.goods[{index}]"
        if not goods.un_number or un_number_of(goods.un_number) != goods.un_number:
            yield missing(f"{path}.un_number")
        if goods.limit_g is not None and goods.limit_g <= 0:
            values = {"field": f"{path}.limit_g", "problem": f"{goods.limit_g} g"}
            yield Finding(reason=MASS_INVALID, path=f"{path}.limit_g", rule="RG-08", values=values)
