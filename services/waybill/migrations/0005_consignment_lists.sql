-- Consignment lists as their consignors sent them last; `revision` counts that, `state` also follows what waybills draw.
CREATE TABLE waybill_consignment_lists (
    id         text PRIMARY KEY,
    number     text NOT NULL,
    state      text NOT NULL,
    revision   int NOT NULL,
    offered_at timestamptz NOT NULL,
    body       jsonb NOT NULL
);
CREATE INDEX waybill_consignment_lists_by_time ON waybill_consignment_lists (offered_at DESC, id DESC);
CREATE INDEX waybill_consignment_lists_by_number ON waybill_consignment_lists (number) WHERE number <> '';

-- How much of each line there is, and how much of it waybills have drawn: never more than there is.
CREATE TABLE waybill_consignment_lines (
    list_id   text NOT NULL REFERENCES waybill_consignment_lists,
    number    int NOT NULL,
    un_number text NOT NULL,
    mass_g    bigint NOT NULL CHECK (mass_g > 0),
    drawn_g   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (list_id, number),
    CHECK (drawn_g BETWEEN 0 AND mass_g)
);

-- What a line of a waybill carries of a line of a list; gone once the waybill is void.
CREATE TABLE waybill_consignment_draws (
    waybill_id   text NOT NULL REFERENCES waybill_waybills,
    list_id      text NOT NULL,
    line_number  int NOT NULL,
    goods_number int NOT NULL,
    mass_g       bigint NOT NULL CHECK (mass_g > 0),
    PRIMARY KEY (waybill_id, list_id, line_number, goods_number),
    FOREIGN KEY (list_id, line_number) REFERENCES waybill_consignment_lines
);
CREATE INDEX waybill_consignment_draws_by_list ON waybill_consignment_draws (list_id);

-- Who is named in a list and sees it, and the divisions (GB/T 2260) it touches.
CREATE TABLE waybill_consignment_parties (
    organisation_id text NOT NULL,
    list_id         text NOT NULL REFERENCES waybill_consignment_lists,
    offered_at      timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, list_id)
);
CREATE INDEX waybill_consignment_parties_by_time
    ON waybill_consignment_parties (organisation_id, offered_at DESC, list_id DESC);
CREATE INDEX waybill_consignment_parties_by_list ON waybill_consignment_parties (list_id);
CREATE TABLE waybill_consignment_divisions (
    list_id       text NOT NULL REFERENCES waybill_consignment_lists,
    division_code text NOT NULL,
    PRIMARY KEY (list_id, division_code)
);
CREATE INDEX waybill_consignment_divisions_by_code ON waybill_consignment_divisions (division_code text_pattern_ops);
