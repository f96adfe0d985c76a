-- Administrative divisions as maps draw them. Rows are added, never changed: of a code the one added last counts.
CREATE TABLE zones_divisions (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL CHECK (code ~ '^[1-9][0-9]{5}$'),
    name        text NOT NULL,
    shape       jsonb NOT NULL, -- GeoJSON MultiPolygon
    element     text NOT NULL,  -- the map's object: relation/123
    map         text NOT NULL,
    imported_at timestamptz NOT NULL
);
CREATE INDEX zones_divisions_by_code ON zones_divisions (code, number DESC);
