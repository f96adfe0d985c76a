-- Every zone once: its newest version, and the box around all the shapes it ever had (x = longitude, y = latitude, degrees x 10^7).
CREATE TABLE zones_zones (
    id      text PRIMARY KEY,
    kind    text NOT NULL,
    version bigint NOT NULL,
    reach   box NOT NULL
);
CREATE INDEX zones_zones_by_reach ON zones_zones USING gist (reach);

-- Every version of every zone: true in [valid_from, valid_to), known since recorded_at. Rows are added, never changed.
-- "version" is also the change number: it grows by one in the order of commits, as writers queue up for it.
CREATE TABLE zones_versions (
    version     bigint PRIMARY KEY,
    zone_id     text NOT NULL,
    body        jsonb NOT NULL,
    withdrawn   boolean NOT NULL,
    valid_from  timestamptz NOT NULL,
    valid_to    timestamptz,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    registered  bytea,
    CHECK (valid_to IS NULL OR valid_from < valid_to)
);
CREATE INDEX zones_versions_by_zone ON zones_versions (zone_id, version DESC);

-- Road networks, named by their content, so that every process plans on the same one.
CREATE TABLE zones_regions (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    graph       bytea NOT NULL,
    nodes       integer NOT NULL,
    edges       integer NOT NULL,
    tunnels     integer NOT NULL,
    reach       box NOT NULL,
    imported_at timestamptz NOT NULL,
    number      bigint GENERATED ALWAYS AS IDENTITY
);
