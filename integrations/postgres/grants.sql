-- What the login cannot do here that a switchover or a failover needs. Functions are looked up in the catalogue: naming one that does
-- not exist, or lies in a schema that is closed to us, would be an error instead of an answer. In place of the marked lines stand those
-- of the version.
SELECT coalesce(array_agg(need ORDER BY nr), '{}') FROM (VALUES
  {{version}},
  (1, 'pg_monitor', pg_has_role('pg_monitor', 'USAGE')),
  (2, 'pg_signal_backend', pg_has_role('pg_signal_backend', 'USAGE')),
  (5, 'EXECUTE on pg_promote', has_function_privilege('pg_promote(boolean,integer)', 'EXECUTE')),
  (6, 'EXECUTE on pg_reload_conf', has_function_privilege('pg_reload_conf()', 'EXECUTE')),
  (8, 'USAGE on schema rapbot', EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'rapbot' AND has_schema_privilege(n.oid, 'USAGE'))),
  (9, 'EXECUTE on rapbot.ensure_slot', EXISTS (
     SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'rapbot' AND p.proname = 'ensure_slot' AND has_function_privilege(p.oid, 'EXECUTE'))),
  (10, 'EXECUTE on rapbot.drop_slot', EXISTS (
     SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'rapbot' AND p.proname = 'drop_slot' AND has_function_privilege(p.oid, 'EXECUTE'))),
  (11, 'SELECT and INSERT on rapbot.journal', EXISTS (
     SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'rapbot' AND c.relname = 'journal' AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT'))),
  (12, 'SELECT, INSERT and UPDATE on rapbot.heartbeat', EXISTS (
     SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'rapbot' AND c.relname = 'heartbeat'
       AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')))
) AS needs (nr, need, held) WHERE NOT held
