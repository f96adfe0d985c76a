"""A reason: the stable name of one thing that can be wrong, with its text and remedy in Chinese and English."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

# One module of constants, or a folder of them, for each slice that has reasons of its own; a new slice adds its name here.
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
        for reason in reasons_of(slice_name):
            if reasons.setdefault(reason.name, reason) is not reason:
                raise ValueError(f"reason {reason.name} is declared twice")
    return reasons


def reasons_of(slice_name: str) -> Iterator[Reason]:
    """The reasons declared for one of the ``SLICES``."""
    module = importlib.import_module(f"services.errors.{slice_name}")
    yield from (value for value in vars(module).values() if isinstance(value, Reason))
    for part in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield from reasons_of(f"{slice_name}.{part.name}")
