"""Changing an issued waybill: amendments that all whom they concern sign, and swaps that hold by the carrier's word."""
