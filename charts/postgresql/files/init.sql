-- What a new cluster begins with, run once by entrypoint.sh on a server that nobody else can reach: the roles, the application's database,
-- rapbot's grants, and a slot for each replica to come. All of it replicates but the slots.
\set ON_ERROR_STOP on
-- A statement that fails must not bring its password into a log.
\set VERBOSITY terse
SET log_min_error_statement = panic;
SET log_statement = none;

\set region_slot `printf %s "$PG_SLOT"`
\set slots `printf %s "$PG_SLOTS"`
\set database `printf %s "$PG_DATABASE"`
\set replication `printf %s "$PG_REPLICATION_USER"`
\set rapbot `printf %s "$PG_RAPBOT_USER"`
\set app `printf %s "$PG_APP_USER"`
\set monitor `printf %s "$PG_MONITOR_USER"`
SELECT :SERVER_VERSION_NUM >= 150000 AS grants15 \gset

\set password `head -n 1 "$PG_SECRETS/replication"`
CREATE ROLE :"replication" LOGIN REPLICATION PASSWORD :'password';
\set password `head -n 1 "$PG_SECRETS/rapbot"`
CREATE ROLE :"rapbot" LOGIN PASSWORD :'password';
\set password `head -n 1 "$PG_SECRETS/app"`
CREATE ROLE :"app" LOGIN PASSWORD :'password';
\set password `head -n 1 "$PG_SECRETS/monitor"`
CREATE ROLE :"monitor" LOGIN PASSWORD :'password';
\unset password
GRANT pg_monitor TO :"monitor";

-- For pg_rewind, which connects to this database.
\ir rewind.sql
\if :grants15
GRANT pg_checkpoint TO :"replication";
\endif

CREATE DATABASE :"database";
REVOKE ALL ON DATABASE :"database" FROM public;
GRANT CONNECT ON DATABASE :"database" TO :"rapbot", :"app", :"monitor";
\connect :"database"
SET log_min_error_statement = panic;
-- The default since PostgreSQL 15; before, every role could make tables here.
REVOKE CREATE ON SCHEMA public FROM public;
GRANT USAGE, CREATE ON SCHEMA public TO :"app";
\ir grants.sql
\if :grants15
\ir grants15.sql
\else
\ir grants13.sql
\endif

SELECT count(pg_create_physical_replication_slot(slot, true)) AS slots_made
FROM unnest(string_to_array(:'slots', ' ')) AS slot WHERE slot <> :'region_slot';

\set more `[ -z "${PG_INIT:-}" ] || [ ! -s "$PG_INIT" ] || printf %s "$PG_INIT"`
SELECT :'more' <> '' AS has_more \gset
\if :has_more
\i :more
\endif
