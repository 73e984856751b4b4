(3, 'SUPERUSER, which CHECKPOINT and ALTER SYSTEM need before PostgreSQL 15', current_setting('is_superuser') = 'on')
