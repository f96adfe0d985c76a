-- Answers already given, so that a repeated request gets the same one.
CREATE TABLE runtime_requests (
    organisation text NOT NULL,
    method       text NOT NULL,
    request_id   text NOT NULL,
    digest       bytea NOT NULL,
    response     bytea,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation, method, request_id)
);

-- Every look by an authority at what is not its own, with the purpose it gave.
CREATE TABLE runtime_looks (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation text NOT NULL,
    person       text NOT NULL,
    method       text NOT NULL,
    subject      text NOT NULL,
    purpose      text NOT NULL,
    request_id   text NOT NULL,
    looked_at    timestamptz NOT NULL
);
CREATE INDEX runtime_looks_by_subject ON runtime_looks (subject, looked_at);

-- What must be told to others once the transaction that caused it is committed.
CREATE TABLE runtime_outbox (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic     text NOT NULL,
    key       text NOT NULL,
    payload   bytea NOT NULL,
    attempts  int NOT NULL DEFAULT 0,
    due_at    timestamptz NOT NULL DEFAULT now(),
    last_error text
);
CREATE INDEX runtime_outbox_due ON runtime_outbox (topic, due_at);

-- What must happen at a time of the injected clock unless cancelled before.
CREATE TABLE runtime_timers (
    kind    text NOT NULL,
    key     text NOT NULL,
    due_at  timestamptz NOT NULL,
    payload bytea NOT NULL DEFAULT '',
    PRIMARY KEY (kind, key)
);
CREATE INDEX runtime_timers_due ON runtime_timers (kind, due_at);

-- Who may do what only one may do; the token grows with every change of holder (fencing).
CREATE TABLE runtime_leases (
    name   text PRIMARY KEY,
    holder text NOT NULL,
    token  bigint NOT NULL,
    until  timestamptz NOT NULL
);
