-- The application's side of the database rap.

-- The default since PostgreSQL 15; before, every role could make tables here.
REVOKE CREATE ON SCHEMA public FROM public;

CREATE TABLE writes (id bigint PRIMARY KEY, at timestamptz DEFAULT clock_timestamp());
-- SELECT, to count afterwards what has arrived; no UPDATE or DELETE: an acknowledged row never goes away by the application's own doing.
GRANT SELECT, INSERT ON writes TO app;

-- No key: two primaries that took writes at once must not hide it behind a conflict.
CREATE TABLE probes (server text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
GRANT SELECT, INSERT ON probes TO app;
