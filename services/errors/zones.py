"""Reasons of the zones slice."""

from services.errors.reason import Reason, Status
