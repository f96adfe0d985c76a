-- One row an alarm, its newest revision; what was stated about earlier ones stays on record.
CREATE TABLE alarms_alarms (
    id              text PRIMARY KEY,
    kind            text NOT NULL,
    severity        text NOT NULL,
    state           text NOT NULL,
    vehicle_id      text NOT NULL,
    carrier_id      text NOT NULL,
    division        text NOT NULL,
    waybill_id      text NOT NULL,
    zone_id         text NOT NULL,
    occurred_at     timestamptz NOT NULL,
    ended_at        timestamptz,
    raised_at       timestamptz NOT NULL,
    latitude_e7     bigint,
    longitude_e7    bigint,
    evidence        jsonb NOT NULL,
    revision        int NOT NULL,
    text_zh         text NOT NULL,
    text_en         text NOT NULL,
    handling_reason text,
    handling_note   text,
    handled_by      text,
    handled_at      timestamptz,
    -- Grows with every change in the order of commits: what a watcher resumes from.
    change          bigint NOT NULL
);
CREATE UNIQUE INDEX alarms_by_change ON alarms_alarms (change);
CREATE INDEX alarms_by_carrier ON alarms_alarms (carrier_id, change);
CREATE INDEX alarms_by_vehicle ON alarms_alarms (vehicle_id, occurred_at);
CREATE INDEX alarms_by_waybill ON alarms_alarms (waybill_id);

CREATE TABLE alarms_changes (
    one  bool PRIMARY KEY DEFAULT true CHECK (one),
    last bigint NOT NULL
);
INSERT INTO alarms_changes (last) VALUES (0);
