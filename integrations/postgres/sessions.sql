-- Who could still write: sessions that began before writers were blocked. A later one is read-only unless it asks for more, and
-- what that one writes goes into the log like the rest and has to arrive before anybody is promoted.
-- $1: end them. $2: when the setting took effect, NULL for as far as this session knows. $3: whose sessions; empty for everybody's.
WITH me AS MATERIALIZED (
  SELECT current_setting('default_transaction_read_only') = 'on' AS read_only, coalesce($2::timestamptz, pg_conf_load_time()) AS since
), old AS MATERIALIZED (
  SELECT a.pid, a.usename::text AS login, r.rolsuper AS super
  FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid, me
  WHERE a.backend_type = 'client backend' AND a.usename <> current_user AND a.backend_start < me.since
    AND (cardinality($3::text[]) = 0 OR a.usename = ANY ($3::text[]))
), ended AS MATERIALIZED (
  -- pg_signal_backend does not reach superusers, and one refusal would spoil the whole statement.
  SELECT pg_terminate_backend(pid) FROM old, me WHERE $1::bool AND me.read_only AND NOT old.super
)
SELECT me.read_only, me.since, clock_timestamp() - me.since,
  (SELECT count(*)::int FROM old WHERE NOT super),
  (SELECT coalesce(array_agg(DISTINCT login ORDER BY login), '{}') FROM old WHERE super),
  (SELECT count(*)::int FROM ended)
FROM me
