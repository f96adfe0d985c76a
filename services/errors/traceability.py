"""Reasons of the traceability slice."""

from services.errors.reason import Reason, Status
