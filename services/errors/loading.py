"""Reasons of the loading slice."""

from services.errors.reason import Reason, Status
