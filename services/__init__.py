"""Hazway's server: one folder a slice."""
