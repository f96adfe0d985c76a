"""Consignment lists 危险货物托运清单: what a consignor asks a carrier to carry, and what waybills draw on it."""
