-- A void waybill lays out nothing, but it still tells of its vehicles.
CREATE INDEX waybill_waybills_void_by_resource ON waybill_waybills USING gin ((body->'assignments') jsonb_path_ops)
    WHERE state = 'VOIDED';
