-- The second stages have logs, cursors and leases as the vehicles' shards have: 256 to 287 by place, 288 to 319 by person.
INSERT INTO monitoring_shards (shard) SELECT generate_series(256, 319);
INSERT INTO monitoring_cursors (shard) SELECT generate_series(256, 319);

-- Where laden vehicles stood, each as its own shard's detection knows it by now. Goods: UN number, hazards, controls, compatibility.
CREATE TABLE monitoring_stands (
    vehicle      int NOT NULL,
    since_ms     bigint NOT NULL,
    until_ms     bigint,
    cell         bigint NOT NULL,
    latitude_e7  int NOT NULL,
    longitude_e7 int NOT NULL,
    goods        jsonb NOT NULL,
    waybill_id   text NOT NULL,
    carrier_id   text NOT NULL,
    PRIMARY KEY (vehicle, since_ms)
);
CREATE INDEX monitoring_stands_by_cell ON monitoring_stands (cell);
CREATE INDEX monitoring_stands_standing ON monitoring_stands (vehicle) WHERE until_ms IS NULL;

-- What persons drove without a rest, in one vehicle each.
CREATE TABLE monitoring_driven (
    vehicle   int NOT NULL,
    start_ms  bigint NOT NULL,
    end_ms    bigint NOT NULL,
    is_over   bool NOT NULL,
    person_id text NOT NULL,
    PRIMARY KEY (vehicle, start_ms)
);
CREATE INDEX monitoring_driven_by_person ON monitoring_driven (person_id, end_ms);

-- Which stage told an alarm: 0 by vehicle, 1 by place, 2 by person.
ALTER TABLE monitoring_told ADD COLUMN stage smallint NOT NULL DEFAULT 0, ADD COLUMN cause text NOT NULL DEFAULT '';
CREATE INDEX monitoring_told_by_cause ON monitoring_told (cause) WHERE stage > 0;
