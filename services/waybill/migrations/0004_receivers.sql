-- Where an organisation's own system, or a province's, is told of changes to the organisation's waybills. The secret is
-- sealed. One worker at a time has claimed a receiver; one that could not be reached rests for a while.
CREATE TABLE waybill_receivers (
    number          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL,
    id              text NOT NULL,
    kind            text NOT NULL,
    url             text NOT NULL,
    secret          bytea NOT NULL,
    events          text[] NOT NULL,
    province        text NOT NULL,
    failures        int NOT NULL DEFAULT 0,
    rests_until     timestamptz NOT NULL DEFAULT '-infinity',
    claimed_until   timestamptz NOT NULL DEFAULT '-infinity',
    last_error      text NOT NULL DEFAULT '',
    UNIQUE (organisation_id, id)
);

-- Every change a receiver is told of, queued in the transaction that made it; for one waybill in the order of numbers.
CREATE TABLE waybill_deliveries (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver    bigint NOT NULL REFERENCES waybill_receivers ON DELETE CASCADE,
    waybill_id  text NOT NULL REFERENCES waybill_waybills,
    event       text NOT NULL,
    body        text NOT NULL,
    state       text NOT NULL DEFAULT 'WAITING',
    attempts    int NOT NULL DEFAULT 0,
    last_error  text NOT NULL DEFAULT '',
    last_status int NOT NULL DEFAULT 0,
    queued_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz
);
CREATE INDEX waybill_deliveries_waiting ON waybill_deliveries (receiver, waybill_id, number) WHERE state = 'WAITING';
CREATE INDEX waybill_deliveries_by_receiver ON waybill_deliveries (receiver, number DESC);
