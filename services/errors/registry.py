"""Reasons of the registry slice."""

from services.errors.reason import Reason, Status
