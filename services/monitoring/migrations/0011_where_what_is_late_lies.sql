-- Behind which entry of the shard's log the first late fix lies: what was known before tells a repeat. Null: judged anew in any case.
ALTER TABLE monitoring_late ADD COLUMN after_seq bigint;
