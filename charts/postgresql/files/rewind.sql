-- What pg_rewind may read on the server that it copies from, run in the database that it connects to. All of it lies in the
-- data folder, which the attribute REPLICATION opens anyway.
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text),
      pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;
