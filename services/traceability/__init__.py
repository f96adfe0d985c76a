"""Statements, registrations, the log, receipts and exports: the record nobody has to trust us for.

Other slices put an act on record with ``record`` (signed by the caller) or ``state`` (by the server itself).
"""

from services.traceability.keeper import OPERATOR, Keeper, keeper_of, trust_file
from services.traceability.model import Registered
from services.traceability.record import record, state

__all__ = ["OPERATOR", "Keeper", "Registered", "keeper_of", "record", "state", "trust_file"]
