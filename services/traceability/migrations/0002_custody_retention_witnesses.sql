-- From when a key may sign, and which key vouched for it: what was vouched for by a stolen key falls with that key.
ALTER TABLE traceability_keys ADD COLUMN valid_from timestamptz, ADD COLUMN registered_by bytea;
UPDATE traceability_keys SET valid_from = registered_at;
ALTER TABLE traceability_keys ALTER COLUMN valid_from SET NOT NULL;
CREATE INDEX traceability_keys_by_voucher ON traceability_keys (registered_by);

-- Keys made here and sealed for an organisation, not yet registered by it.
CREATE TABLE traceability_custody (
    kid             bytea PRIMARY KEY,
    organisation_id text NOT NULL,
    sealed_private  bytea NOT NULL,
    made_at         timestamptz NOT NULL
);

-- When the last link of a chain was registered: the next is never earlier, whichever call began first.
ALTER TABLE traceability_subjects ADD COLUMN at timestamptz;

-- `at` is the time the registration states; `queued_at` the database's own, by which one that waits too long is told.
ALTER TABLE traceability_registrations ADD COLUMN at timestamptz, ADD COLUMN queued_at timestamptz NOT NULL DEFAULT now();
UPDATE traceability_registrations AS r SET at = s.stated_at FROM traceability_statements AS s
    WHERE s.digest = r.statement_digest;
UPDATE traceability_subjects AS t SET at = (SELECT max(r.at) FROM traceability_registrations AS r WHERE r.subject = t.subject);

-- The newest checkpoint that a quorum of witnesses has cosigned, and when that was known here.
CREATE TABLE traceability_witnessed (
    one        bool PRIMARY KEY DEFAULT true CHECK (one),
    size       bigint NOT NULL,
    checkpoint text NOT NULL,
    at         timestamptz NOT NULL
);

-- Subjects whose bodies may not expire while anybody's hold stands.
CREATE TABLE traceability_holds (
    subject         text NOT NULL,
    organisation_id text NOT NULL,
    reason          text NOT NULL,
    set_at          timestamptz NOT NULL,
    PRIMARY KEY (subject, organisation_id)
);

-- Statements said to have expired; a body goes once the registration that says so is in the log.
CREATE TABLE traceability_expiries (
    statement_digest bytea PRIMARY KEY,
    registration     bytea NOT NULL
);
CREATE INDEX traceability_statements_by_time ON traceability_statements USING brin (stated_at);
