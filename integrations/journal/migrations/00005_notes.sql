-- +goose Up

-- Small things to remember across restarts, each under its name.
CREATE TABLE notes (
    name TEXT NOT NULL PRIMARY KEY,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The groups that something is still to come of, however many have resolved.
CREATE INDEX unsettled_groups ON alert_groups (id)
WHERE json_extract(state, '$.latest.status') = 'firing' OR json_extract(state, '$.held') IS NOT NULL;
