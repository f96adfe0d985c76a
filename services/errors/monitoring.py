"""Reasons of the monitoring slice."""

from services.errors.reason import Reason, Status
