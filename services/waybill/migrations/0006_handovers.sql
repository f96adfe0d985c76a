-- What a giver stated, and what came of it; of one waybill in the order of `position`. One offer waits at a stop at a time.
CREATE TABLE waybill_handovers (
    id               text PRIMARY KEY,
    waybill_id       text NOT NULL REFERENCES waybill_waybills,
    position         int NOT NULL,
    state            text NOT NULL,
    revision         int NOT NULL,
    statement_digest bytea NOT NULL,
    body             jsonb NOT NULL,
    UNIQUE (waybill_id, position)
);

-- The living one-time code of an offer. The code itself is nowhere: it follows from `serial`, the giver's statement and a
-- key outside the database.
CREATE TABLE waybill_handover_codes (
    handover_id text PRIMARY KEY REFERENCES waybill_handovers,
    serial      int NOT NULL,
    tries       int NOT NULL,
    expires_at  timestamptz NOT NULL
);
