"""Waybills in the JSON of a provincial system: written, read, and laid beside our own."""
