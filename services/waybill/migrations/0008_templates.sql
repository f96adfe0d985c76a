-- A carrier's own drafts of waybills, as messages of the contract (hazway.waybill.v1.Waybill).
CREATE TABLE waybill_templates (
    organisation_id text NOT NULL,
    id              text NOT NULL,
    name            text NOT NULL,
    body            bytea NOT NULL,
    changed_at      timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id)
);
