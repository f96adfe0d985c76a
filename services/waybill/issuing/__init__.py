"""Issuing waybills, one or many, under their numbers: drafts judged together and kept together."""
