package regions

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// rapbot can do all its work, on a primary and on a replica. The switchover test has the rest: the marker, the proof and the promotion.
func rapbotMayDoItsWork(t *testing.T, f *Fleet) {
	primary, replica := f.Region("us-east-1"), f.Region("us-west-2")
	app := login(t, primary.DSN(App))
	onPrimary, onReplica := login(t, primary.DSN(Rapbot)), login(t, replica.DSN(Rapbot))

	for _, words := range []string{
		"INSERT INTO rapbot.journal (op_id, step) VALUES ('op', 'marker')",
		"INSERT INTO rapbot.heartbeat VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
		"UPDATE rapbot.heartbeat SET at = clock_timestamp()",
		"SELECT rapbot.ensure_slot('use1')",
		"SELECT rapbot.ensure_slot('use1')",
		"ALTER SYSTEM SET default_transaction_read_only = on",
		"ALTER SYSTEM RESET default_transaction_read_only",
		"ALTER SYSTEM SET synchronous_standby_names = 'usw2'",
		"ALTER SYSTEM RESET synchronous_standby_names",
		"SELECT pg_reload_conf()",
		"CHECKPOINT",
		"SELECT pg_switch_wal()",
	} {
		do(t, onPrimary, words)
	}
	if !ask[bool](t, onPrimary, "SELECT count(*) = 2 AND count(replay_lsn) = 2 FROM pg_stat_replication") {
		t.Error("rapbot does not see how far the replicas are")
	}
	if !ask[bool](t, onPrimary, "SELECT bool_and(query <> '<insufficient privilege>') FROM pg_stat_activity") {
		t.Error("rapbot does not see what the sessions do")
	}
	do(t, onPrimary, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
	eventually(t, "the application's session ends", func() bool { return app.Ping(t.Context()) != nil })

	for _, words := range []string{
		"SELECT rapbot.ensure_slot('euw1')",
		"SELECT pg_wal_replay_pause()",
		"SELECT pg_wal_replay_resume()",
		"ALTER SYSTEM SET primary_conninfo = ''",
		"ALTER SYSTEM RESET primary_conninfo",
		"ALTER SYSTEM RESET primary_slot_name",
		"CHECKPOINT",
	} {
		do(t, onReplica, words)
	}
	if got := ask[string](t, onReplica, "SELECT slot_name::text FROM pg_stat_wal_receiver"); got != "usw2" {
		t.Errorf("the receiver's slot is %q", got)
	}
	if got := ask[string](t, onReplica, "SHOW primary_conninfo"); strings.Contains(got, f.passwords[replicator]) {
		t.Error("primary_conninfo shows the replicator's password")
	}
	do(t, onReplica, "SELECT pg_reload_conf()")
	do(t, onPrimary, "SELECT rapbot.drop_slot('use1')")
	do(t, onReplica, "SELECT rapbot.drop_slot('euw1')")
}

// What a bot that has gone wrong, or somebody who holds its password, would try.
func rapbotMayNotDoMore(t *testing.T, f *Fleet) {
	if !f.pg.Able().GrantsOnParameters {
		t.Skipf("PostgreSQL %d: rapbot's login has to be a superuser, who may do everything", f.pg.Major)
	}
	primary := f.Region("us-east-1")
	conn := login(t, primary.DSN(Rapbot))
	login(t, primary.DSN(Admin))
	for _, words := range []string{
		"SELECT * FROM writes",
		"INSERT INTO writes (id) VALUES (1)",
		"DELETE FROM rapbot.journal",
		"UPDATE rapbot.journal SET step = 'x'",
		"CREATE TABLE rapbot.mine ()",
		"CREATE TABLE mine ()",
		"CREATE ROLE mine LOGIN",
		"ALTER ROLE app PASSWORD 'x'",
		"SET ROLE rapbot_owner",
		"ALTER SYSTEM SET archive_command = 'true'",
		"ALTER SYSTEM SET fsync = off",
		"SELECT pg_read_file('pg_hba.conf')",
		"COPY (SELECT 1) TO PROGRAM 'cat'",
		"SELECT pg_create_physical_replication_slot('mine')",
		"SELECT rapbot.ensure_slot('mine')",
		"SELECT rapbot.drop_slot('use1; x')",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'admin'",
	} {
		if _, err := conn.Exec(t.Context(), words); err == nil {
			t.Errorf("allowed: %s", words)
		}
	}
	if _, err := pgconn.Connect(within(t, 5*time.Second), primary.DSN(Rapbot)+"&replication=true"); err == nil {
		t.Error("allowed: a replication connection, which can take a base backup")
	}
	if _, err := login(t, primary.DSN(App)).Exec(t.Context(), "SELECT rapbot.ensure_slot('usw2')"); err == nil {
		t.Error("allowed: the application makes a slot")
	}
}
