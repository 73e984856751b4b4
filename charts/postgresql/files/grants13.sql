-- Before PostgreSQL 15 nobody but a superuser may run CHECKPOINT or ALTER SYSTEM, and neither can be lent through a function. So rapbot's
-- login has to be a superuser here, which makes all of the above but the schema and its functions needless: keep its password
-- accordingly, and let pg_hba.conf accept it from rapbot's own addresses only.
ALTER ROLE rapbot SUPERUSER;
