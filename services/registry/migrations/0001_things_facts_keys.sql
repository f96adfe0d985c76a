-- Every thing once, as it is now: whose it is, where it is registered, its newest version.
CREATE TABLE registry_things (
    kind          text NOT NULL,
    id            text NOT NULL,
    owner_id      text NOT NULL,
    division_code text NOT NULL DEFAULT '',
    version       bigint NOT NULL,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX registry_things_by_owner ON registry_things (kind, owner_id, id);
CREATE INDEX registry_things_by_division ON registry_things (kind, division_code text_pattern_ops);

-- Every version of every fact: true in [valid_from, valid_to), known since recorded_at. Rows are added, never changed.
CREATE TABLE registry_facts (
    version     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    id          text NOT NULL,
    body        jsonb NOT NULL,
    valid_from  timestamptz NOT NULL,
    valid_to    timestamptz,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    person      text NOT NULL DEFAULT '',
    registered  bytea,
    CHECK (valid_to IS NULL OR valid_from < valid_to)
);
CREATE INDEX registry_facts_by_thing ON registry_facts (kind, id, version DESC);

-- What a thing is found by, and shares with no other: plate and colour, VIN, credit code, tank number ...
CREATE TABLE registry_keys (
    name text NOT NULL,
    key  text NOT NULL,
    kind text NOT NULL,
    id   text NOT NULL,
    PRIMARY KEY (name, key)
);
CREATE INDEX registry_keys_by_thing ON registry_keys (kind, id);

-- Entries that turned out to be another one.
CREATE TABLE registry_aliases (
    kind        text NOT NULL,
    alias_id    text NOT NULL,
    id          text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (kind, alias_id)
);

-- Organisations nobody may act for just now.
CREATE TABLE registry_standing (
    organisation_id text PRIMARY KEY,
    suspended       boolean NOT NULL
);

-- Who works for whom, as known now; "ended" cuts off at once, before the last day is over.
CREATE TABLE registry_members (
    person_id       text NOT NULL,
    organisation_id text NOT NULL,
    valid_from      date NOT NULL,
    valid_to        date,
    ended           boolean NOT NULL DEFAULT false,
    PRIMARY KEY (person_id, organisation_id, valid_from)
);
CREATE INDEX registry_members_by_organisation ON registry_members (organisation_id, person_id);

-- Identity numbers: sealed by a key outside the database; the MAC tells equal ones apart from others and nothing more.
CREATE TABLE registry_identities (
    person_id   text PRIMARY KEY,
    sealed      bytea NOT NULL,
    mac         bytea NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX registry_identities_by_mac ON registry_identities (mac);

-- Divisions a vehicle was seen in, as those who follow vehicles told: an authority there may look at it.
CREATE TABLE registry_presences (
    vehicle_id    text NOT NULL,
    division_code text NOT NULL,
    last_at       timestamptz NOT NULL,
    PRIMARY KEY (vehicle_id, division_code)
);
