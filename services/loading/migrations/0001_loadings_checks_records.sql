-- How far the loading of each waybill has come; `version` counts its changes.
CREATE TABLE loading_loadings (
    waybill_id text PRIMARY KEY,
    loader_id  text NOT NULL,
    state      text NOT NULL,
    revision   int NOT NULL,
    version    bigint NOT NULL,
    body       jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX loading_loadings_by_loader ON loading_loadings (loader_id, changed_at DESC);

-- Every check as it was stated, what it came to, and what the registry said beside it.
CREATE TABLE loading_checks (
    id         text PRIMARY KEY,
    waybill_id text NOT NULL,
    revision   int NOT NULL,
    outcome    text NOT NULL,
    at         timestamptz NOT NULL,
    body       jsonb NOT NULL,
    judged     jsonb NOT NULL,
    registered bytea NOT NULL
);
CREATE INDEX loading_checks_by_waybill ON loading_checks (waybill_id, at);

-- Loading records 装货记录: one living at a time for each waybill, kept until `retain_until` at least.
CREATE TABLE loading_records (
    id           text PRIMARY KEY,
    waybill_id   text NOT NULL,
    revision     int NOT NULL,
    loaded_at    timestamptz NOT NULL,
    retain_until date NOT NULL,
    body         jsonb NOT NULL,
    registered   bytea NOT NULL,
    voided_at    timestamptz,
    void_reason  text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX loading_records_one_living ON loading_records (waybill_id) WHERE voided_at IS NULL;
