-- Checks and briefings before a trip, as they were stated; of one waybill in the order of numbers.
CREATE TABLE waybill_preparations (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registered bytea NOT NULL UNIQUE,
    waybill_id text NOT NULL REFERENCES waybill_waybills,
    body       jsonb NOT NULL
);
CREATE INDEX waybill_preparations_by_waybill ON waybill_preparations (waybill_id, number);
