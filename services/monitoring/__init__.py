"""Fixes, detection, tracks and the figures regulators are scored on."""
