-- What PostgreSQL 15 and newer can grant to a role that is no superuser. For 13 and 14 see grants13.sql.

-- Writes out dirty pages ahead of the shutdown, which makes the pause for writers several times shorter.
GRANT pg_checkpoint TO rapbot;

-- default_transaction_read_only: sends writers away from the primary that is about to stop.
-- synchronous_standby_names:     makes every acknowledged row wait for the target while a switchover is prepared.
-- primary_conninfo, primary_slot_name: cut a replica off in an emergency, or let it stream from the most advanced one.
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo, primary_slot_name, default_transaction_read_only,
      synchronous_standby_names TO rapbot;

-- The last record a replica has replayed: the old primary's shutdown checkpoint, if nothing is missing.
CREATE EXTENSION IF NOT EXISTS pg_walinspect;
GRANT EXECUTE ON FUNCTION pg_get_wal_records_info(pg_lsn, pg_lsn), pg_get_wal_record_info(pg_lsn) TO rapbot;

-- From 16 on: connections that reserved_connections keeps, so that rapbot can still log in when the application has used all others up.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_use_reserved_connections') THEN GRANT pg_use_reserved_connections TO rapbot; END IF;
END $$;
