"""Telling other systems of changes: receivers, what is queued for them, how it is sent."""
