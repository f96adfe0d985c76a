-- The UN numbers of a waybill's goods, to find it by.
CREATE FUNCTION waybill_un_numbers(body jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_path_query_array(body, '$.goods[*].un_number');
CREATE INDEX waybill_waybills_by_goods ON waybill_waybills USING gin (waybill_un_numbers(body) jsonb_path_ops);

-- Waybills that ended otherwise than by delivery are few.
CREATE INDEX waybill_waybills_undelivered ON waybill_waybills (state, departs_at DESC, id DESC)
    WHERE state IN ('VOIDED', 'REJECTED');
