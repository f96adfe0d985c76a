"""Consignment lists and waybills: what travels, by whom, in what, where to, and every change to it."""
