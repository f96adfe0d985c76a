-- Every revision has a place of its own in the status list that inspectors carry; what it says there is derived.
ALTER TABLE waybill_revisions ADD COLUMN status_index bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX waybill_revisions_by_status ON waybill_revisions (status_index);

-- The waybills whose codes may still be shown: those that live, and those that ended within the life of a code.
CREATE INDEX waybill_waybills_live ON waybill_waybills (id) WHERE state IN ('ISSUED', 'LOADED', 'IN_TRANSIT', 'ARRIVED');
CREATE INDEX waybill_waybills_by_change ON waybill_waybills (changed_at);
