"""Statements, registrations, the log, receipts and exports: the record nobody has to trust us for.

Other slices put an act on record with ``record`` (signed by the caller) or ``state`` (by the server itself). Many at once:
``stated`` and ``register``, and ``state_all``, or ``sign_all`` and later ``register_all``.
"""

from services.traceability.keeper import OPERATOR, Keeper, keeper_of, trust_file
from services.traceability.model import Registered
from services.traceability.record import (
    Act,
    Deed,
    record,
    register,
    register_all,
    sign_all,
    state,
    state_all,
    stated,
)

__all__ = [
    "OPERATOR",
    "Act",
    "Deed",
    "Keeper",
    "Registered",
    "keeper_of",
    "record",
    "register",
    "register_all",
    "sign_all",
    "state",
    "state_all",
    "stated",
    "trust_file",
]
