-- Keys that sign statements. One row a key for ever: a revoked one still verifies what it signed before.
CREATE TABLE traceability_keys (
    kid             bytea PRIMARY KEY,
    organisation_id text NOT NULL,
    public_key      bytea NOT NULL,
    sealed_private  bytea,
    registered_at   timestamptz NOT NULL,
    revoked_at      timestamptz,
    revoked_reason  text
);
CREATE INDEX traceability_keys_by_organisation ON traceability_keys (organisation_id);

-- The chain of registrations of each subject: its last link.
CREATE TABLE traceability_subjects (
    subject text PRIMARY KEY,
    seq     bigint NOT NULL,
    digest  bytea NOT NULL
);

-- Registrations wait here for a leaf. No personal data: the statement's body lives apart.
CREATE TABLE traceability_registrations (
    digest           bytea PRIMARY KEY,
    queue            bigint GENERATED ALWAYS AS IDENTITY,
    subject          text NOT NULL,
    seq              bigint NOT NULL,
    kind             text NOT NULL,
    registration     bytea NOT NULL,
    statement_digest bytea NOT NULL UNIQUE,
    leaf_index       bigint UNIQUE,
    receipt          bytea,
    UNIQUE (subject, seq)
);
CREATE INDEX traceability_registrations_queue ON traceability_registrations (queue) WHERE leaf_index IS NULL;

-- Statements, apart from leaves: a body may expire by its class while its leaf stays.
CREATE TABLE traceability_statements (
    digest          bytea PRIMARY KEY,
    organisation_id text NOT NULL,
    statement       bytea NOT NULL,
    stated_at       timestamptz NOT NULL
);

-- The head of the log: one row, moved by the leased sequencer only (compare and swap on size).
CREATE TABLE traceability_log (
    one        bool PRIMARY KEY DEFAULT true CHECK (one),
    origin     text NOT NULL,
    size       bigint NOT NULL,
    range      bytea[] NOT NULL,
    checkpoint text NOT NULL,
    token      bigint NOT NULL,
    frozen     text
);

-- Full and partial tiles of hashes, written in the transaction that moves the head.
CREATE TABLE traceability_tiles (
    level int NOT NULL,
    n     bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (level, n)
);
