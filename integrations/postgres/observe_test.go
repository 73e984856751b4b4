package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// One set of servers serves all observations; each leaves it as it was.
func TestObservation(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	hastenSenders(t, lab)
	f := openFleet(t, lab)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *regions.Fleet, *postgres.Fleet)
	}{
		{"every field", seesEveryField},
		{"what is unusual", seesTheUnusual},
		{"missing grants", seesMissingGrants},
		{"connections", countsConnections},
		{"lost slots", seesLostSlots},
		{"ALTER SYSTEM forbidden", seesForbiddenAlterSystem},
		{"no schema", answersWithoutSchema},
		{"heartbeat", writesHeartbeats},
		{"frozen receiver", knowsAFrozenReceiver},
		{"refused receiver", knowsARefusedReceiver},
		{"dark regions", answersBesideDarkRegions},
		{"names of faults", namesFaults},
		{"a region that hangs", isDelayedByNobody},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, lab, f) })
	}
}

func seesEveryField(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	// A standby that has just connected has not yet reported a position.
	eventually(t, "both standbys have reported", func() bool {
		standbys := region(t, f.Observe(t.Context()), "us-east-1").Server.Standbys
		return len(standbys) == 2 && standbys[0].Replay > 0 && standbys[1].Replay > 0
	})
	topology := f.Observe(t.Context())
	if c := topology.Contradictions(); len(c) > 0 {
		t.Errorf("a healthy fleet: %v", c)
	}
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	system := ask[string](t, admin, "SELECT system_identifier::text FROM pg_control_system()")
	for _, s := range lab.Servers() {
		r := region(t, topology, s.Name)
		admin := login(t, s, regions.Admin)
		if !r.Answered || r.Fault != "" || !r.LastAnswer.Equal(r.At) {
			t.Errorf("%s: %+v", s.Name, r.Sighting)
		}
		nearly(t, s.Name+" at", r.At, time.Now(), 2*time.Second)
		nearly(t, s.Name+" clock", r.Server.Clock, r.At, time.Second)
		nearly(t, s.Name+" started", r.Server.StartedAt, ask[time.Time](t, admin, "SELECT pg_postmaster_start_time()"), 0)
		if r.Server.SystemID != system || r.Server.Version != ask[int](t, admin, "SELECT current_setting('server_version_num')::int") {
			t.Errorf("%s: system %s, version %d", s.Name, r.Server.SystemID, r.Server.Version)
		}
		if r.Server.Timeline != 1 || r.Server.ReadOnly || r.Server.ReplayPaused || r.Server.ApplyDelay != 0 || !r.Server.RewindReady ||
			r.Server.LongestTx != 0 || r.Server.Prepared != 0 || len(r.Server.MissingGrants) != 0 {
			t.Errorf("%s: %+v", s.Name, r.Server)
		}
	}

	p := region(t, topology, "us-east-1")
	if p.Role != rapbot.Primary || p.Server.InRecovery || p.Server.Flush == 0 || p.Server.Have != 0 || p.Server.Replay != 0 || p.Server.Receiver != nil {
		t.Errorf("the primary: %+v", p)
	}
	if got := names(p.Server.Standbys, func(s rapbot.Standby) string {
		return fmt.Sprint(s.Name, " ", s.State, " ", s.Sync, " ", s.Sent > 0 && s.Flush > 0 && s.Replay > 0)
	}); got != "euw1 streaming async true, usw2 streaming async true" {
		t.Errorf("standbys: %s", got)
	}
	if got := names(p.Server.Slots, func(s rapbot.Slot) string { return fmt.Sprint(s.Name, " ", s.Logical, " ", s.Active, " ", s.Status) }); got != "euw1 false true reserved, usw2 false true reserved" {
		t.Errorf("slots: %s", got)
	}
	if p.Server.FreeSenders != 8 || p.Server.FreeSlots != 8 {
		t.Errorf("%d senders and %d slots free, want 8 and 8", p.Server.FreeSenders, p.Server.FreeSlots)
	}

	r := region(t, topology, "us-west-2")
	if r.Role != rapbot.Replica || !r.Server.InRecovery || r.Server.Flush != 0 || r.Server.Have == 0 || r.Server.Replay == 0 || len(r.Server.Standbys) != 0 {
		t.Errorf("a replica: %+v", r)
	}
	if receiver := r.Server.Receiver; !receiver.Streaming() || receiver.Timeline != 1 || receiver.Flushed == 0 || receiver.LatestEnd == 0 ||
		receiver.Sender != fmt.Sprintf("127.0.0.1:%d", lab.Region("us-east-1").Port) {
		t.Errorf("its receiver: %+v", receiver)
	}
	nearly(t, "last message", r.Server.Receiver.LastMessage, r.At, 10*time.Second)
	if !r.Lag.Known || !r.Lag.Streaming {
		t.Errorf("its lag: %+v", r.Lag)
	}
	if r.Server.FreeSenders != 10 || r.Server.FreeSlots != 10 {
		t.Errorf("%d senders and %d slots free, want 10 and 10", r.Server.FreeSenders, r.Server.FreeSlots)
	}
}

func seesTheUnusual(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	primary := login(t, lab.Region("us-east-1"), regions.Admin)
	replica := login(t, lab.Region("eu-west-1"), regions.Admin)
	app := login(t, lab.Region("us-east-1"), regions.App)
	do(t, primary, "SELECT pg_create_physical_replication_slot('spare', true)")
	do(t, replica, "SELECT pg_wal_replay_pause()")
	do(t, replica, "ALTER SYSTEM SET recovery_min_apply_delay = '1500ms'")
	do(t, replica, "SELECT pg_reload_conf()")
	do(t, primary, "ALTER SYSTEM SET default_transaction_read_only = on")
	do(t, primary, "SELECT pg_reload_conf()")
	do(t, app, "BEGIN READ WRITE")
	do(t, app, "INSERT INTO writes (id) VALUES (-1)")

	eventually(t, "the settings are in force", func() bool {
		topology := f.Observe(t.Context())
		return region(t, topology, "us-east-1").Server.ReadOnly && region(t, topology, "eu-west-1").Server.ApplyDelay == 1500*time.Millisecond
	})
	topology := f.Observe(t.Context())
	p, r := region(t, topology, "us-east-1").Server, region(t, topology, "eu-west-1").Server
	if p.LongestTx <= 0 || p.LongestTx > time.Minute {
		t.Errorf("the longest transaction: %s", p.LongestTx)
	}
	spare := p.Slots[slices.IndexFunc(p.Slots, func(s rapbot.Slot) bool { return s.Name == "spare" })]
	if spare.Active || spare.Status != "reserved" || spare.Retained <= 0 || p.FreeSlots != 7 {
		t.Errorf("the spare slot: %+v, %d free", spare, p.FreeSlots)
	}
	if !r.ReplayPaused {
		t.Error("replay is not paused")
	}

	do(t, app, "ROLLBACK")
	do(t, primary, "ALTER SYSTEM RESET default_transaction_read_only")
	do(t, primary, "SELECT pg_reload_conf()")
	do(t, primary, "SELECT pg_drop_replication_slot('spare')")
	do(t, replica, "ALTER SYSTEM RESET recovery_min_apply_delay")
	do(t, replica, "SELECT pg_reload_conf()")
	do(t, replica, "SELECT pg_wal_replay_resume()")
	eventually(t, "everything is as it was", func() bool {
		topology := f.Observe(t.Context())
		return !region(t, topology, "us-east-1").Server.ReadOnly && region(t, topology, "eu-west-1").Server.ApplyDelay == 0
	})
}

func seesMissingGrants(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	type grant struct{ object, want string }
	newer := []grant{
		{"pg_checkpoint", "pg_checkpoint"},
		{"ALTER SYSTEM ON PARAMETER default_transaction_read_only", "ALTER SYSTEM on default_transaction_read_only"},
		{"EXECUTE ON FUNCTION pg_get_wal_records_info(pg_lsn, pg_lsn)", "EXECUTE on pg_get_wal_records_info (extension pg_walinspect)"},
		{"ALTER SYSTEM ON PARAMETER primary_slot_name", "ALTER SYSTEM on primary_slot_name"},
		{"ALTER SYSTEM ON PARAMETER primary_conninfo", "ALTER SYSTEM on primary_conninfo"},
	}
	always := "" // what is missing all the while
	if !region(t, f.Observe(t.Context()), "us-east-1").Server.Ability().GrantsOnParameters {
		// A superuser lacks nothing, so the others are seen only when it is none.
		newer, always = nil, "SUPERUSER, which CHECKPOINT and ALTER SYSTEM need before PostgreSQL 15"
		do(t, admin, "ALTER ROLE rapbot NOSUPERUSER")
	}
	for _, test := range append(newer, []grant{
		{"pg_monitor", "pg_monitor"},
		{"pg_signal_backend", "pg_signal_backend"},
		{"EXECUTE ON FUNCTION pg_promote(boolean, integer)", "EXECUTE on pg_promote"},
		{"EXECUTE ON FUNCTION pg_reload_conf()", "EXECUTE on pg_reload_conf"},
		{"EXECUTE ON FUNCTION rapbot.ensure_slot(name)", "EXECUTE on rapbot.ensure_slot"},
		{"EXECUTE ON FUNCTION rapbot.drop_slot(name)", "EXECUTE on rapbot.drop_slot"},
		{"INSERT ON rapbot.journal", "SELECT and INSERT on rapbot.journal"},
		{"UPDATE ON rapbot.heartbeat", "SELECT, INSERT and UPDATE on rapbot.heartbeat"},
		{"USAGE ON SCHEMA rapbot", "USAGE on schema rapbot"},
	}...) {
		do(t, admin, "REVOKE "+test.object+" FROM rapbot")
		if got := strings.Join(region(t, f.Observe(t.Context()), "us-east-1").Server.MissingGrants, "; "); !slices.Contains([]string{test.want, test.want + "; " + always, always + "; " + test.want}, got) {
			t.Errorf("without %s: %q is missing", test.object, got)
		}
		do(t, admin, "GRANT "+test.object+" TO rapbot")
	}
	if always != "" {
		if got := strings.Join(region(t, f.Observe(t.Context()), "us-east-1").Server.MissingGrants, "; "); got != always {
			t.Errorf("no superuser: %q is missing", got)
		}
		do(t, admin, "ALTER ROLE rapbot SUPERUSER")
	}
	if got := region(t, f.Observe(t.Context()), "us-east-1").Server.MissingGrants; len(got) != 0 {
		t.Errorf("with everything: %q is missing", got)
	}
}

// A server on which nobody has run the grants says so; it is not dark.
func answersWithoutSchema(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	do(t, admin, "ALTER SCHEMA rapbot RENAME TO elsewhere")
	r := region(t, f.Observe(t.Context()), "us-east-1")
	do(t, admin, "ALTER SCHEMA elsewhere RENAME TO rapbot")
	if !r.Answered || len(r.Server.MissingGrants) != 5 || r.Server.SystemID == "" {
		t.Errorf("%+v", r)
	}
}

// While writers are blocked the heartbeat stands still: nothing of rapbot's
// may move the end of the log then.
func writesHeartbeats(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	running(t, f)
	beat := func() time.Time { return region(t, f.Topology(), "us-west-2").Server.Heartbeat }
	eventually(t, "a heartbeat arrives", func() bool { return !beat().IsZero() })
	first := beat()
	eventually(t, "another one arrives", func() bool { return beat().After(first) })
	nearly(t, "the heartbeat", beat(), time.Now(), 3*time.Second)

	do(t, admin, "ALTER SYSTEM SET default_transaction_read_only = on")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "the primary is read-only", func() bool { return region(t, f.Topology(), "us-east-1").Server.ReadOnly })
	written := "SELECT at FROM rapbot.heartbeat"
	last := ask[time.Time](t, admin, written)
	seen := f.Topology().At
	eventually(t, "two more looks", func() bool { return f.Topology().At.Sub(seen) > 2*time.Second })
	if at := ask[time.Time](t, admin, written); !at.Equal(last) {
		t.Errorf("a heartbeat was written at %s while writers were blocked", at)
	}
	do(t, admin, "ALTER SYSTEM RESET default_transaction_read_only")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it beats again", func() bool { return beat().After(last) })
}

func names[T any](list []T, name func(T) string) string {
	var out []string
	for _, v := range list {
		out = append(out, name(v))
	}
	return strings.Join(out, ", ")
}
