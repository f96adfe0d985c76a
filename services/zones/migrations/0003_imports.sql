-- What the last import of a map made of each zone: digests of what the map draws and of what it rules. A zone that differs from
-- them was changed by hand, and no import overwrites that. "closed" is the version an import wrote because the object vanished.
CREATE TABLE zones_imports (
    zone_id text PRIMARY KEY,
    map     text NOT NULL,
    drawn   bytea NOT NULL,
    ruled   bytea NOT NULL,
    closed  bigint
);
CREATE INDEX zones_imports_by_map ON zones_imports (map);
