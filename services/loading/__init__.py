"""Checks before loading, fill permits, weights, loading records and the clearance to depart."""
