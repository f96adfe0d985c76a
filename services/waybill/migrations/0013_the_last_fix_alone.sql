-- Whether a terminal came online after the departure is detection's to see (alarm OFFLINE), from its own log.
ALTER TABLE waybill_positioning DROP COLUMN online_since;
