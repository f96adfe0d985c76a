"""A reason: the stable name of one thing that can be wrong, with its text and remedy in Chinese and English."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

# One module of constants for each slice that has reasons of its own; a new slice adds its name here.
SLICES = (
    "common", "traceability", "alarms", "goods", "registry", "zones", "waybill", "loading", "monitoring",
)  # fmt: skip


class Status(Enum):
    """The gRPC status a reason is answered with (names as in google.rpc.Code)."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    ABORTED = "ABORTED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Reason:
    """``zh`` and ``en`` are templates filled from a finding's values, e.g. ``"罐体 {tank} …"``.

    ``name`` is UPPER_SNAKE, at most 63 characters (AIP-193), and stands in the proto enum too.
    """

    name: str
    status: Status
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""

    def __str__(self) -> str:
        return self.name


@cache
def catalogue() -> Mapping[str, Reason]:
    """Every reason Hazway can give, by name. Raises ``ValueError`` where a name is declared twice."""
    reasons: dict[str, Reason] = {}
    for slice_name in SLICES:
        for value in vars(importlib.import_module(f"services.errors.{slice_name}")).values():
            if isinstance(value, Reason) and reasons.setdefault(value.name, value) is not value:
                raise ValueError(f"reason {value.name} is declared twice")
    return reasons
