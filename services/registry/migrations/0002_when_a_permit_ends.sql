-- Permits for single trips add up to thousands: when the latest version of each ends, so that old ones need not be read.
ALTER TABLE registry_things ADD COLUMN ends_at timestamptz;
CREATE INDEX registry_things_by_owner_and_end ON registry_things (owner_id, kind, ends_at);
