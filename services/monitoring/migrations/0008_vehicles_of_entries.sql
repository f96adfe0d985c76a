-- Which vehicles an entry of fixes may hold: a bit for each number modulo 64. Null: not known, or no fixes. A vehicle's track reads only
-- entries it may be in.
ALTER TABLE monitoring_log ADD COLUMN vehicles bigint;
