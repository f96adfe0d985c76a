-- Gateways lock a shard's row to number entries; workers move cursors. Apart, neither waits for the other's disk.
CREATE TABLE monitoring_cursors (
    shard    smallint PRIMARY KEY,
    cursor   bigint NOT NULL DEFAULT 0,
    holder   text NOT NULL DEFAULT '',
    token    bigint NOT NULL DEFAULT 0,
    until    timestamptz NOT NULL DEFAULT '-infinity',
    -- Up to here the fixes are in the archive.
    archived bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
INSERT INTO monitoring_cursors (shard, cursor, holder, token, until)
    SELECT shard, cursor, holder, token, until FROM monitoring_shards;
ALTER TABLE monitoring_shards DROP COLUMN cursor, DROP COLUMN holder, DROP COLUMN token, DROP COLUMN until;

-- The span of the fixes in an entry, by their own time: a track reads only entries it needs. Null: not known, or no fixes.
ALTER TABLE monitoring_log ADD COLUMN first_ms bigint, ADD COLUMN last_ms bigint;

-- Facts about trips as detection took them in: what comes late is judged by all of them.
CREATE TABLE monitoring_trips (
    vehicle int NOT NULL,
    shard   smallint NOT NULL,
    seq     bigint NOT NULL,
    at_ms   bigint NOT NULL,
    body    bytea NOT NULL,
    PRIMARY KEY (vehicle, seq, shard)
);

-- Alarms as detection last told them, the withdrawn ones too.
CREATE TABLE monitoring_told (
    id          text PRIMARY KEY,
    vehicle     int NOT NULL,
    occurred_ms bigint NOT NULL,
    revision    int NOT NULL,
    withdrawn   bool NOT NULL,
    alarm       jsonb NOT NULL
);
CREATE INDEX monitoring_told_by_vehicle ON monitoring_told (vehicle, occurred_ms);

-- Vehicles of which something came late, to be judged anew from then on.
CREATE TABLE monitoring_late (
    vehicle int PRIMARY KEY,
    shard   smallint NOT NULL,
    from_ms bigint NOT NULL
);
CREATE INDEX monitoring_late_by_shard ON monitoring_late (shard);

-- Workers that are alive, those that hold nothing yet too: so that the others know to share.
CREATE TABLE monitoring_workers (
    holder text PRIMARY KEY,
    until  timestamptz NOT NULL
);
