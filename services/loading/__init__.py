"""Loading 装货、充装: checks, fill permits, weights, loading records; the clearance it gives is the waybill's to keep."""
