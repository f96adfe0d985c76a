"""Reasons of the alarms slice."""

from services.errors.reason import Reason, Status
