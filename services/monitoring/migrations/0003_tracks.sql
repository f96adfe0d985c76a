-- Archived tracks: which file holds a shard's entries from one sequence number to another. A part is never changed.
CREATE TABLE monitoring_tracks (
    shard       smallint NOT NULL,
    first_seq   bigint NOT NULL,
    last_seq    bigint NOT NULL,
    -- The span of its fixes by their own time.
    first_ms    bigint NOT NULL,
    last_ms     bigint NOT NULL,
    fixes       bigint NOT NULL,
    bytes       bigint NOT NULL,
    sha256      bytea NOT NULL,
    path        text NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, first_seq)
);
CREATE INDEX monitoring_tracks_by_time ON monitoring_tracks (shard, last_ms);
