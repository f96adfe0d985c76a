"""Reasons of the waybill slice."""

from services.errors.reason import Reason, Status
