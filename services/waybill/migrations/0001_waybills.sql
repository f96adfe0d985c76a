-- Every waybill as it stands: `version` counts its changes (the etag), `route` is kept apart because it is long.
CREATE TABLE waybill_waybills (
    id          text PRIMARY KEY,
    number      text NOT NULL UNIQUE,
    state       text NOT NULL,
    carrier_id  text NOT NULL,
    departs_at  timestamptz NOT NULL,
    version     bigint NOT NULL,
    body        jsonb NOT NULL,
    route       jsonb NOT NULL,
    changed_at  timestamptz NOT NULL
);
CREATE INDEX waybill_waybills_by_departure ON waybill_waybills (carrier_id, departs_at DESC, id DESC);
CREATE INDEX waybill_waybills_by_time ON waybill_waybills (departs_at DESC, id DESC);

-- Who is named in a waybill, for lists and for access.
CREATE TABLE waybill_parties (
    organisation_id text NOT NULL,
    waybill_id      text NOT NULL REFERENCES waybill_waybills,
    departs_at      timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, waybill_id)
);
CREATE INDEX waybill_parties_by_time ON waybill_parties (organisation_id, departs_at DESC, waybill_id DESC);
CREATE INDEX waybill_parties_by_waybill ON waybill_parties (waybill_id);

-- Divisions (GB/T 2260) a waybill touches: origin, stops, destination, the carrier's, and where its vehicle was seen.
CREATE TABLE waybill_divisions (
    waybill_id    text NOT NULL REFERENCES waybill_waybills,
    division_code text NOT NULL,
    departs_at    timestamptz NOT NULL,
    PRIMARY KEY (waybill_id, division_code)
);
CREATE INDEX waybill_divisions_by_code ON waybill_divisions (division_code text_pattern_ops, departs_at DESC);

-- Plates as GA 36 writes them, of every vehicle that is or was assigned.
CREATE TABLE waybill_plates (
    plate      text NOT NULL,
    waybill_id text NOT NULL REFERENCES waybill_waybills,
    PRIMARY KEY (plate, waybill_id)
);
CREATE INDEX waybill_plates_by_waybill ON waybill_plates (waybill_id);

-- The carrier's own number of a waybill in its own system: one waybill each.
CREATE TABLE waybill_references (
    carrier_id text NOT NULL,
    system     text NOT NULL,
    number     text NOT NULL,
    waybill_id text NOT NULL REFERENCES waybill_waybills,
    PRIMARY KEY (carrier_id, system, number)
);
CREATE INDEX waybill_references_by_waybill ON waybill_references (waybill_id);

-- What was issued and every change made since: the whole waybill as it was signed, and what the decision rested on.
CREATE TABLE waybill_revisions (
    waybill_id text NOT NULL REFERENCES waybill_waybills,
    number     int NOT NULL,
    id         text NOT NULL UNIQUE,
    state      text NOT NULL,
    author     text NOT NULL,
    reason     text NOT NULL,
    at         timestamptz NOT NULL,
    body       jsonb NOT NULL,
    proposal   jsonb NOT NULL,
    decision   jsonb NOT NULL,
    registered bytea,
    PRIMARY KEY (waybill_id, number)
);
CREATE UNIQUE INDEX waybill_revisions_one_open ON waybill_revisions (waybill_id) WHERE state = 'OPEN';

-- The loader's word that a revision was checked, loaded and may leave.
CREATE TABLE waybill_clearances (
    waybill_id            text NOT NULL REFERENCES waybill_waybills,
    loading_record_id     text NOT NULL,
    loading_record_digest bytea NOT NULL,
    revision              int NOT NULL,
    granted_at            timestamptz NOT NULL,
    voided_at             timestamptz,
    void_reason           text NOT NULL DEFAULT '',
    PRIMARY KEY (waybill_id, loading_record_id)
);
CREATE UNIQUE INDEX waybill_clearances_one_living ON waybill_clearances (waybill_id) WHERE voided_at IS NULL;

-- The next serial of a licence's waybill numbers on a day.
CREATE TABLE waybill_serials (
    licence_number text NOT NULL,
    day            date NOT NULL,
    next           bigint NOT NULL,
    PRIMARY KEY (licence_number, day)
);

-- Vehicles, tanks and people by a number: their place on the one line of numbers on which trips are laid out.
CREATE TABLE waybill_resources (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource text NOT NULL UNIQUE
);

-- When a trip keeps a resource busy. `slots` is number x 2^33 + seconds since 1970, so that one range says what and when,
-- and no two trips can hold the same resource at the same second. Nothing is under way on two trips either.
CREATE TABLE waybill_occupancy (
    waybill_id  text NOT NULL REFERENCES waybill_waybills,
    resource_id text NOT NULL,
    resource    bigint NOT NULL REFERENCES waybill_resources,
    slots       int8range NOT NULL CHECK (NOT isempty(slots)),
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    under_way   boolean NOT NULL,
    PRIMARY KEY (waybill_id, resource),
    EXCLUDE USING gist (slots WITH &&)
);
CREATE UNIQUE INDEX waybill_occupancy_under_way ON waybill_occupancy (resource) WHERE under_way;
CREATE INDEX waybill_occupancy_by_resource ON waybill_occupancy (resource, to_at);

-- What those who follow vehicles told of their terminals.
CREATE TABLE waybill_positioning (
    vehicle_id   text PRIMARY KEY,
    last_fix_at  timestamptz,
    online_since timestamptz
);
