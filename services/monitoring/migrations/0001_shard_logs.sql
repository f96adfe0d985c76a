-- Vehicles by the small number their fixes carry; the shard is for ever.
CREATE TABLE monitoring_vehicles (
    number     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vehicle_id text NOT NULL UNIQUE,
    shard      smallint NOT NULL,
    carrier_id text NOT NULL,
    division   text NOT NULL
);

-- 256 virtual shards: how far each log goes, how far it is worked off, and by whom (lease with fencing token).
CREATE TABLE monitoring_shards (
    shard    smallint PRIMARY KEY,
    last_seq bigint NOT NULL DEFAULT 0,
    cursor   bigint NOT NULL DEFAULT 0,
    holder   text NOT NULL DEFAULT '',
    token    bigint NOT NULL DEFAULT 0,
    until    timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 20);
INSERT INTO monitoring_shards (shard) SELECT generate_series(0, 255);

-- The shard's log: the only input of detection. Kinds: 1 fixes, 2 trip, 3 zones, 4 tick.
CREATE TABLE monitoring_log (
    shard       smallint NOT NULL,
    seq         bigint NOT NULL,
    kind        smallint NOT NULL,
    body        bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, seq)
);
-- A fix does not compress on its own; trying costs more than the few bytes it would save.
ALTER TABLE monitoring_log ALTER COLUMN body SET STORAGE EXTERNAL;

-- A shard's state as of a cursor of its own: where a new holder starts to read.
CREATE TABLE monitoring_snapshots (
    shard  smallint PRIMARY KEY,
    cursor bigint NOT NULL,
    state  bytea NOT NULL
);

-- How far each follower of other slices' facts has come (zones).
CREATE TABLE monitoring_followers (
    name   text PRIMARY KEY,
    change bigint NOT NULL
);
