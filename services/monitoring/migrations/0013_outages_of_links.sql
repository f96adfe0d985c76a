-- Times in which a carrier's gateway was silent, each from the last minute it was heard of (legal time since 1970), as far as vehicles
-- under way fell silent with it.
CREATE TABLE monitoring_outages (
    carrier_id   text NOT NULL,
    begun_minute bigint NOT NULL,
    -- When it is to be looked at next; it is over when all who did not come back have been named.
    due_at       timestamptz NOT NULL,
    is_over      bool NOT NULL DEFAULT false,
    -- Of the one alarm for all of them: how often something was said, and what last.
    revision     int NOT NULL DEFAULT 0,
    said         jsonb,
    PRIMARY KEY (carrier_id, begun_minute)
);
CREATE INDEX monitoring_outages_due ON monitoring_outages (due_at) WHERE NOT is_over;

-- Alarms of vehicles that fell silent with their link. 0: silent, 1: heard again, 2: told by itself, 3: withdrawn.
CREATE TABLE monitoring_silent (
    alarm_id     text PRIMARY KEY,
    carrier_id   text NOT NULL,
    begun_minute bigint NOT NULL,
    vehicle      int NOT NULL,
    fate         smallint NOT NULL
);
CREATE INDEX monitoring_silent_by_outage ON monitoring_silent (carrier_id, begun_minute, fate);
