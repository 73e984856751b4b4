-- +goose Up

-- The newest digest of every channel: the card that stands for a storm.
CREATE TABLE digests (
    channel TEXT NOT NULL PRIMARY KEY,
    state   TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
