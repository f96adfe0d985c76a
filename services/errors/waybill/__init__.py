"""Reasons of the waybill slice, by what is done."""
