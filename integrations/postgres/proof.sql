-- The last record that a server has replayed, looked for from $1 on. Without a record after $1 the function that reads the log would
-- fail, so it is not asked then.
SELECT pg_is_in_recovery(), (SELECT system_identifier::text FROM pg_control_system()), pg_last_wal_replay_lsn()::text,
  coalesce(record ->> 'record_type', ''), coalesce(record ->> 'end_lsn', ''),
  coalesce(substring(record ->> 'description' FROM 'tli (\d+)')::int, 0)
FROM (SELECT CASE WHEN pg_last_wal_replay_lsn() > $1::pg_lsn THEN (
  SELECT to_jsonb(r) FROM pg_get_wal_records_info($1::pg_lsn, pg_last_wal_replay_lsn()) r ORDER BY start_lsn DESC LIMIT 1) END AS record
  OFFSET 0) last
