-- What detection has been told to go by, one row for each entry in the shard logs: the zones written up to a change that are in
-- force at that time, the figures of that day, and these road networks.
CREATE TABLE monitoring_activations (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change  bigint NOT NULL,
    at_ms   bigint NOT NULL,
    regions text[] NOT NULL
);
CREATE INDEX monitoring_activations_by_time ON monitoring_activations (at_ms);
DELETE FROM monitoring_followers WHERE name = 'zones';

-- Facts about trips (2) and passes (5), numbered as kinds of entries are.
ALTER TABLE monitoring_trips RENAME TO monitoring_facts;
ALTER TABLE monitoring_facts ADD COLUMN kind smallint NOT NULL DEFAULT 2;
