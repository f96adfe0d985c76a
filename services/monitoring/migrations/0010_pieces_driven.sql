-- What persons drove is kept in pieces that are driving in full and lie within one legal day: a stretch without a rest since since_ms
-- is one or several; in_day_ms is what the vehicle had been driven by that person on that day by the end of the piece.
ALTER TABLE monitoring_driven ADD COLUMN since_ms bigint, ADD COLUMN in_day_ms bigint;
UPDATE monitoring_driven SET since_ms = start_ms, in_day_ms = end_ms - start_ms;
ALTER TABLE monitoring_driven ALTER COLUMN since_ms SET NOT NULL, ALTER COLUMN in_day_ms SET NOT NULL;
