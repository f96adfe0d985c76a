-- The day's bundle as it was built last: one row, or none before the first. `wanted`: somebody asked for a newer one.
CREATE TABLE waybill_day_bundle (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    generated_at timestamptz NOT NULL,
    bundle       bytea NOT NULL,
    wanted       boolean NOT NULL
);
