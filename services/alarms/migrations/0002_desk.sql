-- What tells alarms of one kind apart; when an ordinary one that nobody handled was shown to the regulator.
ALTER TABLE alarms_alarms ADD COLUMN cause text NOT NULL DEFAULT '', ADD COLUMN escalated_at timestamptz;
CREATE INDEX alarms_by_occurrence ON alarms_alarms (occurred_at);

-- Supervision requests 督办: an authority's demand on an alarm, and the carrier's answer.
CREATE TABLE alarms_supervisions (
    id           text PRIMARY KEY,
    alarm_id     text NOT NULL REFERENCES alarms_alarms (id),
    authority_id text NOT NULL,
    demand       text NOT NULL,
    requested_at timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    answer       text,
    answered_by  text,
    answered_at  timestamptz,
    overdue      bool NOT NULL DEFAULT false
);
CREATE INDEX alarms_supervisions_by_alarm ON alarms_supervisions (alarm_id);
