-- What rapbot may do, and nothing else. Run once as a superuser on the primary, in the database rapbot connects to: the rights to
-- functions belong to one database. They replicate, so they hold on every region.

-- Reads pg_stat_replication, pg_stat_wal_receiver and other people's pg_stat_activity; without it the rows come with NULLs and no error.
GRANT pg_monitor TO rapbot;

-- Ends the application's sessions before a switchover. Superusers' sessions stay out of reach.
GRANT pg_signal_backend TO rapbot;

-- pg_promote:           makes the target the primary.
-- pg_reload_conf:       puts a changed setting into effect.
-- pg_wal_replay_*:      resumes a replica that somebody has paused, and pauses one.
-- pg_switch_wal:        closes a segment, so that the archive is complete before a switchover.
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer), pg_reload_conf(),
      pg_wal_replay_pause(), pg_wal_replay_resume(), pg_switch_wal() TO rapbot;

-- Slots need the attribute REPLICATION, which would let rapbot take a base backup of everything. A role that nobody can log in as has it
-- instead, and lends it through two functions that know the fleet's slot names and no other. With rapbot_frozen_level_ before it, it is the slot
-- through which a replica that is kept from its primary gets from another replica what only that one has.
CREATE ROLE rapbot_owner NOLOGIN REPLICATION;
CREATE SCHEMA rapbot AUTHORIZATION rapbot_owner;

CREATE FUNCTION rapbot.ensure_slot(n name) RETURNS pg_lsn
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE r pg_lsn;
BEGIN
  IF n !~ '^(rapbot_frozen_level_)?({{.SlotPattern}})$' THEN RAISE EXCEPTION 'slot name % not allowed', n; END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_replication_slots WHERE slot_name = n) THEN
    PERFORM pg_catalog.pg_create_physical_replication_slot(n, true);
  END IF;
  SELECT restart_lsn INTO r FROM pg_catalog.pg_replication_slots WHERE slot_name = n;
  RETURN r;
END $$;

CREATE FUNCTION rapbot.drop_slot(n name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF n !~ '^(rapbot_frozen_level_)?({{.SlotPattern}})$' THEN RAISE EXCEPTION 'slot name % not allowed', n; END IF;
  PERFORM pg_catalog.pg_drop_replication_slot(slot_name)
    FROM pg_catalog.pg_replication_slots WHERE slot_name = n AND NOT active;
END $$;

ALTER FUNCTION rapbot.ensure_slot(name) OWNER TO rapbot_owner;
ALTER FUNCTION rapbot.drop_slot(name) OWNER TO rapbot_owner;
-- Functions are everybody's by default, and these run with their owner's rights.
REVOKE ALL ON FUNCTION rapbot.ensure_slot(name), rapbot.drop_slot(name) FROM public;
GRANT USAGE ON SCHEMA rapbot TO rapbot;
GRANT EXECUTE ON FUNCTION rapbot.ensure_slot(name), rapbot.drop_slot(name) TO rapbot;

-- Marker rows, whose arrival on a replica proves that all before them has arrived. They are added and never changed: a marker
-- that could be rewritten proves nothing.
CREATE TABLE rapbot.journal (
  op_id text, step text, at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (op_id, step));
GRANT SELECT, INSERT ON rapbot.journal TO rapbot;

-- One row that is touched every second; its age on a replica is the lag in seconds, also while the application is silent.
CREATE TABLE rapbot.heartbeat (id int PRIMARY KEY, at timestamptz);
GRANT SELECT, INSERT, UPDATE ON rapbot.heartbeat TO rapbot;
