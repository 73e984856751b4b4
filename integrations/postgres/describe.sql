-- A server describes itself in one answer; the columns are the fields of rapbot.Server.
-- What only some versions have is read by its name, as a setting that may be missing or as a field of the row's JSON, so that one
-- question fits all of them. In place of the marked columns stand the newest heartbeat row and the timeline of the newest file of the
-- log, whose names begin with the timeline they were received on; or NULL, where rapbot's schema is not there yet or the login may not ask.
SELECT row_to_json(server) FROM (
  SELECT
    (SELECT system_identifier::text FROM pg_control_system()) AS system_id,
    current_setting('server_version_num')::int AS version,
    replica AS in_recovery,
    -- The control file may be one checkpoint behind; a receiver and the log itself are not.
    CASE WHEN replica THEN greatest(
        (SELECT received_tli FROM pg_stat_wal_receiver),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
        CASE WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN {{received}} END)
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
    pg_postmaster_start_time() AS started_at,
    clock_timestamp() AS clock,
    current_setting('default_transaction_read_only') = 'on' AS read_only,
    CASE WHEN NOT replica THEN pg_current_wal_flush_lsn() END AS flush,
    -- The received position jumps back when a receiver starts anew; the replayed one does not.
    CASE WHEN replica THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END AS have,
    CASE WHEN replica THEN pg_last_wal_replay_lsn() END AS replay,
    CASE WHEN replica THEN pg_is_wal_replay_paused() ELSE false END AS replay_paused,
    (extract(epoch FROM current_setting('recovery_min_apply_delay')::interval) * 1e9)::bigint AS apply_delay,
    -- A receiver calls itself streaming before the sender has agreed. Until the first message its times are all that of its start; a sender
    -- that has nothing to send may be silent for long.
    (SELECT row_to_json(r) FROM (
       SELECT CASE WHEN status = 'streaming' AND last_msg_send_time = last_msg_receipt_time AND clock_timestamp() - last_msg_receipt_time < '2 s'
              THEN 'connecting' ELSE status END AS status,
              received_tli AS timeline, flushed_lsn AS flushed, latest_end_lsn AS latest_end,
              last_msg_receipt_time AS last_message, sender_host || ':' || sender_port AS sender
       FROM pg_stat_wal_receiver) r) AS receiver,
    (SELECT json_agg(s ORDER BY s.name) FROM (
       SELECT coalesce(application_name, '') AS name, coalesce(state, '') AS state, coalesce(sync_state, '') AS sync,
              sent_lsn AS sent, flush_lsn AS flush, replay_lsn AS replay
       FROM pg_stat_replication
       WHERE application_name IS DISTINCT FROM 'rapbot_gate') s) AS standbys, -- a boot gate only asks who is there
    (SELECT json_agg(s ORDER BY s.name) FROM (
       SELECT slot_name AS name, slot_type = 'logical' AS logical, active,
              CASE WHEN reason IS NOT NULL THEN 'lost' ELSE coalesce(wal_status, '') END AS status,
              coalesce(reason, '') AS reason, (to_jsonb(slot) ->> 'inactive_since')::timestamptz AS inactive_since,
              coalesce(greatest(0, CASE WHEN replica THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                ELSE pg_current_wal_lsn() END - restart_lsn), 0)::bigint AS retained, coalesce(restart_lsn, '0/0') AS "from"
       FROM pg_replication_slots slot, LATERAL (SELECT to_jsonb(slot) ->> 'invalidation_reason' AS reason) why) s) AS slots,
    {{heartbeat}} AS heartbeat,
    current_setting('data_checksums') = 'on' OR current_setting('wal_log_hints') = 'on' AS rewind_ready,
    (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)) * 1e9, 0)::bigint
       FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> current_user) AS longest_tx,
    (SELECT count(*) FROM pg_prepared_xacts) AS prepared,
    current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication) AS free_senders,
    current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots) AS free_slots,
    -- Of the connections that are kept for some, those count that rapbot's login may use.
    current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
      - CASE WHEN current_setting('is_superuser') = 'on' THEN 0 ELSE current_setting('superuser_reserved_connections')::int
          + CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_use_reserved_connections' AND pg_has_role(oid, 'USAGE')) THEN 0
              ELSE coalesce(current_setting('reserved_connections', true)::int, 0) END END AS free_connections,
    coalesce(current_setting('allow_alter_system', true), 'on') = 'off' AS alter_system_off,
    -- Until PostgreSQL 18 a shutdown always waits for the replicas; from 19 on it does with -1 and no other value.
    coalesce(current_setting('wal_sender_shutdown_timeout', true), '-1') <> '-1' AS hurried_shutdown,
    current_setting('primary_slot_name') AS slot_name
  FROM (SELECT pg_is_in_recovery() AS replica OFFSET 0) me
) server
