(3, 'SUPERUSER, which CHECKPOINT and ALTER SYSTEM need before PostgreSQL 15', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
