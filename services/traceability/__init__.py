"""Statements, registrations, the log, receipts and exports: the record nobody has to trust us for.

Other slices put an act on record with ``record`` or ``record_all`` (signed by the caller) or ``state`` (by the server itself).
"""

from services.traceability.keeper import OPERATOR, Keeper, keeper_of, trust_file
from services.traceability.model import Registered
from services.traceability.record import Recording, record, record_all, state

__all__ = ["OPERATOR", "Keeper", "Recording", "Registered", "keeper_of", "record", "record_all", "state", "trust_file"]
