-- +goose Up

-- The firing of which the thread was told what surrounds it: a group's times. What fired before this was there is told nothing.
ALTER TABLE alert_groups ADD COLUMN explained INTEGER NOT NULL DEFAULT 0;

-- The firing under way, 0 for none.
ALTER TABLE alert_groups ADD COLUMN firing INTEGER
    GENERATED ALWAYS AS (CASE json_extract(state, '$.latest.status') WHEN 'firing' THEN json_extract(state, '$.times') ELSE 0 END) VIRTUAL;

UPDATE alert_groups SET explained = firing;

CREATE INDEX unexplained_groups ON alert_groups (changed_at, id) WHERE firing > explained AND card_id <> '';
