-- Serials [first, past) of a licence and day given to a carrier ahead, to issue waybills without a network.
CREATE TABLE waybill_blocks (
    carrier_id     text NOT NULL,
    licence_number text NOT NULL,
    day            date NOT NULL,
    first          bigint NOT NULL,
    past           bigint NOT NULL CHECK (past > first),
    allotted_at    timestamptz NOT NULL,
    PRIMARY KEY (licence_number, day, first)
);
CREATE INDEX waybill_blocks_by_carrier ON waybill_blocks (carrier_id, day);
