-- What a step needs to know of one server; $1 is the operation. It is asked many times a second while the write window is open.
SELECT row_to_json(standing) FROM (
  SELECT
    (SELECT system_identifier::text FROM pg_control_system()) AS system_id,
    replica,
    current_setting('default_transaction_read_only') = 'on' AS read_only,
    -- Without a receiver the control file may be a checkpoint behind; the names of the log's files begin with the timeline they were received on.
    CASE WHEN replica THEN greatest(
        (SELECT received_tli FROM pg_stat_wal_receiver),
        (SELECT timeline_id FROM pg_control_checkpoint()),
        CASE WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN
          (SELECT max(('x' || left(name, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$') END)
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
    (SELECT timeline_id FROM pg_control_checkpoint()) AS checkpoint_timeline,
    CASE WHEN NOT replica THEN pg_current_wal_flush_lsn() END AS flush,
    CASE WHEN replica THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) END AS have,
    CASE WHEN replica THEN pg_last_wal_replay_lsn() END AS replay,
    -- Replay waits for log that is not here: it has read all that is.
    CASE WHEN replica THEN EXISTS (SELECT FROM pg_stat_activity
      WHERE backend_type = 'startup' AND wait_event IN ('RecoveryWalStream', 'RecoveryRetrieveRetryInterval')) ELSE false END AS waits,
    current_setting('primary_slot_name') AS slot_name,
    current_setting('primary_conninfo') LIKE '%fallback_application_name=rapbot_level' AS diverted,
    -- A receiver calls itself streaming before the sender has agreed. Until the first message its times are all that of its start; a sender
    -- that has nothing to send may be silent for long.
    (SELECT row_to_json(r) FROM (
       SELECT CASE WHEN status = 'streaming' AND last_msg_send_time = last_msg_receipt_time AND clock_timestamp() - last_msg_receipt_time < '2 s'
              THEN 'connecting' ELSE status END AS status,
              received_tli AS timeline, sender_host || ':' || sender_port AS sender FROM pg_stat_wal_receiver) r) AS receiver,
    (SELECT coalesce(json_object_agg(slot_name, json_build_object('active', active, 'from', coalesce(restart_lsn::text, ''),
         'lost', coalesce(wal_status, '') = 'lost' OR to_jsonb(slot) ->> 'invalidation_reason' IS NOT NULL)), '{}')
       FROM pg_replication_slots slot WHERE slot_type = 'physical') AS slots,
    -- Whoever streams from here, and what it has not written to its own disk yet: a shutdown waits for all of them.
    CASE WHEN NOT replica THEN (SELECT coalesce(json_object_agg(coalesce(application_name, ''), (pg_current_wal_flush_lsn() - flush_lsn)::bigint), '{}')
       FROM pg_stat_replication WHERE flush_lsn IS NOT NULL AND state <> 'backup') END AS unsent,
    -- The rows of this operation that are visible here, with their ages in nanoseconds.
    (SELECT coalesce(json_object_agg(step, (extract(epoch FROM clock_timestamp() - at) * 1e9)::bigint), '{}')
       FROM rapbot.journal WHERE op_id = $1) AS marks
  FROM (SELECT pg_is_in_recovery() AS replica OFFSET 0) me
) standing
