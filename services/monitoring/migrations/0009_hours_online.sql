-- How long a vehicle was heard of that day: what alarms are counted against. Days worked out before say nothing; they are due again.
ALTER TABLE monitoring_figures ADD COLUMN online_ms bigint NOT NULL DEFAULT 0;
INSERT INTO monitoring_figures_due (shard, day)
    SELECT DISTINCT shard, day FROM monitoring_figures JOIN monitoring_vehicles ON number = vehicle ON CONFLICT DO NOTHING;
