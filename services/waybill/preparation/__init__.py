"""Checks and briefings before a trip: what carrier and crew must look at and tell."""
