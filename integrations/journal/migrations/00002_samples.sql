-- +goose Up

-- Where the regions stood, one row a region and second, for a day. They are
-- found by time and dropped by time, so time is what they are sorted by.
CREATE TABLE samples (
    at        INTEGER NOT NULL, -- by rapbot's clock
    region    TEXT    NOT NULL,
    role      TEXT    NOT NULL,
    timeline  INTEGER NOT NULL,
    position  INTEGER NOT NULL, -- bytes since the origin of the log; 0 is not known, so it is of all that follow
    replay    INTEGER NOT NULL,
    clock     INTEGER NOT NULL, -- the server's own
    heartbeat INTEGER NOT NULL, -- by the primary's clock
    PRIMARY KEY (at, region)
) STRICT, WITHOUT ROWID;
