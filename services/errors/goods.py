"""Reasons of the goods slice."""

from services.errors.reason import Reason, Status
