(3, 'pg_checkpoint', pg_has_role('pg_checkpoint', 'USAGE')),
  (4, 'ALTER SYSTEM on default_transaction_read_only', has_parameter_privilege('default_transaction_read_only', 'ALTER SYSTEM')),
  (13, 'ALTER SYSTEM on primary_slot_name', has_parameter_privilege('primary_slot_name', 'ALTER SYSTEM')),
  (14, 'ALTER SYSTEM on primary_conninfo', has_parameter_privilege('primary_conninfo', 'ALTER SYSTEM')),
  (7, 'EXECUTE on pg_get_wal_records_info (extension pg_walinspect)', EXISTS (
     SELECT FROM pg_proc p WHERE p.proname = 'pg_get_wal_records_info' AND pg_function_is_visible(p.oid) AND has_function_privilege(p.oid, 'EXECUTE')))
