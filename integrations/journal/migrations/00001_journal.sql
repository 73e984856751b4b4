-- +goose Up

-- Every holding of the lease. The newest term is the only one that may write.
CREATE TABLE terms (
    term   INTEGER PRIMARY KEY AUTOINCREMENT,
    holder TEXT    NOT NULL,
    host   TEXT    NOT NULL,
    pid    INTEGER NOT NULL,
    since  INTEGER NOT NULL -- nanoseconds since 1970, UTC; so are all times here
) STRICT;

-- What the records of an operation amount to, as far as it is searched for.
CREATE TABLE operations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    state      TEXT    NOT NULL,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

-- One at a time, whatever the code believes.
CREATE UNIQUE INDEX one_open_operation ON operations (open) WHERE open = 1;

CREATE TABLE records (
    op     INTEGER NOT NULL REFERENCES operations (id),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    term   INTEGER NOT NULL REFERENCES terms (term),
    record TEXT    NOT NULL, -- JSON
    PRIMARY KEY (op, seq)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER records_are_never_changed BEFORE UPDATE ON records
BEGIN
    SELECT RAISE(ABORT, 'records are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER records_are_never_deleted BEFORE DELETE ON records
BEGIN
    SELECT RAISE(ABORT, 'records are never deleted');
END;
-- +goose StatementEnd

CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    absorbed    INTEGER NOT NULL DEFAULT 0 CHECK (absorbed IN (0, 1)),
    delivery    TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX pending_deliveries ON deliveries (id) WHERE absorbed = 0;
CREATE INDEX absorbed_deliveries ON deliveries (received_at) WHERE absorbed = 1;

-- The key of the newest delivery of every group, which outlives the delivery.
CREATE TABLE newest_keys (
    group_id TEXT NOT NULL PRIMARY KEY,
    key      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_groups (
    id           TEXT    NOT NULL PRIMARY KEY,
    state        TEXT    NOT NULL, -- JSON
    changed_at   INTEGER NOT NULL,
    shown_at     INTEGER,          -- the change that the card shows
    card_channel TEXT    NOT NULL,
    card_id      TEXT    NOT NULL,
    told         TEXT    NOT NULL
) STRICT;

CREATE INDEX unshown_groups ON alert_groups (changed_at, id) WHERE shown_at IS NULL OR shown_at < changed_at;

CREATE TABLE seen_keys (
    key TEXT    NOT NULL PRIMARY KEY,
    at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_keys_by_time ON seen_keys (at);
