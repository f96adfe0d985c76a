-- In which minutes of a legal day a carrier's gateway was heard of, batches without a fix included: bit 0 is the first minute.
CREATE TABLE monitoring_links (
    day        date NOT NULL,
    carrier_id text NOT NULL,
    minutes    bit(1440) NOT NULL,
    PRIMARY KEY (day, carrier_id)
) WITH (fillfactor = 50);

-- Since which minute, counted in legal time since 1970, each carrier has had a link.
CREATE TABLE monitoring_gateways (
    carrier_id   text PRIMARY KEY,
    since_minute bigint NOT NULL
);
