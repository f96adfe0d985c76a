"""Hazway's thin client: waybills, fixes and signed records, with an offline verifier."""
