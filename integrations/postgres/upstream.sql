-- Where a server streams from, and whether ALTER SYSTEM has put it there. A connection string that holds a secret does not leave the
-- server; libpq takes no blank between a closing quote and the next keyword.
SELECT replica, slot_name, slot_altered, conninfo_altered, trouble, CASE WHEN trouble = '' THEN conninfo ELSE '' END
FROM (
  SELECT pg_is_in_recovery() AS replica, current_setting('primary_slot_name') AS slot_name, conninfo,
    'primary_slot_name' = ANY (altered) AS slot_altered, 'primary_conninfo' = ANY (altered) AS conninfo_altered,
    CASE WHEN conninfo ~* '(^|[[:space:]''])((ssl)?password|oauth_client_secret)[[:space:]]*=' THEN 'password'
      WHEN conninfo ~ '^[[:space:]]*postgres(ql)?://' THEN 'address'
      WHEN conninfo ~ '^[[:space:]]*$' THEN 'empty'
      WHEN conninfo LIKE '%fallback_application_name=rapbot_level' THEN 'diverted'
      ELSE '' END AS trouble
  FROM (SELECT current_setting('primary_conninfo') AS conninfo, ARRAY (
    SELECT name FROM pg_settings WHERE name IN ('primary_slot_name', 'primary_conninfo') AND sourcefile LIKE '%/postgresql.auto.conf') AS altered
    OFFSET 0) setting
) upstream
