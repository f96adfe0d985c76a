-- The narrowest known administrative division a vehicle was last believed to be in; empty where no imported shape holds it.
ALTER TABLE monitoring_vehicles ADD COLUMN seen_in text NOT NULL DEFAULT '';
CREATE INDEX monitoring_vehicles_by_place ON monitoring_vehicles (seen_in text_pattern_ops);
