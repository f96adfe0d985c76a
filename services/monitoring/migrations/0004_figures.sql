-- What each vehicle did on each legal day, worked out from its stored fixes; the same fixes give the same figures.
CREATE TABLE monitoring_figures (
    day           date NOT NULL,
    vehicle       int NOT NULL,
    fixes         int NOT NULL,
    complete_m    bigint NOT NULL,
    incomplete_m  bigint NOT NULL,
    drift_points  int NOT NULL,
    offline_moves int NOT NULL,
    PRIMARY KEY (day, vehicle)
);

-- Refused fixes by the day they were sent, carrier, vehicle (0: not the carrier's) and reason.
CREATE TABLE monitoring_refused (
    day        date NOT NULL,
    carrier_id text NOT NULL,
    vehicle    int NOT NULL,
    reason     text NOT NULL,
    fixes      bigint NOT NULL,
    PRIMARY KEY (day, carrier_id, vehicle, reason)
);

-- The first day a vehicle sent a sound fix.
ALTER TABLE monitoring_vehicles ADD COLUMN entered_on date;

-- Days of a shard whose figures are out of date: fixes of theirs have been archived since.
CREATE TABLE monitoring_figures_due (
    shard smallint NOT NULL,
    day   date NOT NULL,
    PRIMARY KEY (shard, day)
);
CREATE INDEX monitoring_vehicles_by_carrier ON monitoring_vehicles (carrier_id);
CREATE INDEX monitoring_vehicles_by_division ON monitoring_vehicles (division text_pattern_ops);
