package regions

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func startsAreIdempotentAndRefuseTheOtherRole(t *testing.T, f *Fleet) {
	primary, replica := f.Region("us-east-1"), f.Region("us-west-2")
	ctx := within(t, 30*time.Second)
	must(t, primary.StartPrimary(ctx))
	must(t, replica.StartReplica(ctx))
	if err := primary.StartReplica(ctx); !errors.Is(err, ErrWrongRole) {
		t.Errorf("a running primary started as a replica: %v", err)
	}
	if err := replica.StartPrimary(ctx); !errors.Is(err, ErrWrongRole) {
		t.Errorf("a running replica started as the primary: %v", err)
	}
	must(t, replica.Stop(ctx))
	must(t, replica.Stop(ctx))
	if state := replica.State(); state != Stopped {
		t.Errorf("state is %s", state)
	}
	if err := replica.StartPrimary(ctx); !errors.Is(err, ErrWrongRole) || replica.State() != Stopped {
		t.Errorf("a stopped replica started as the primary: %v, %s", err, replica.State())
	}
	must(t, replica.StartReplica(ctx))
}

func restartsAsItWas(t *testing.T, f *Fleet) {
	primary, replica := f.Region("us-east-1"), f.Region("us-west-2")
	ctx := within(t, 30*time.Second)
	timed := func(what string, act func() error) {
		t.Helper()
		began := time.Now()
		must(t, act())
		t.Logf("%s in %s", what, time.Since(began).Round(time.Millisecond))
	}
	timed("replica stopped", func() error { return replica.Stop(ctx) })
	timed("primary stopped", func() error { return primary.Stop(ctx) })
	timed("primary started", func() error { return primary.Start(ctx) })
	timed("replica started", func() error { return replica.Start(ctx) })
}

func killAndStartAgain(t *testing.T, f *Fleet) {
	primary, w := f.Region("us-east-1"), f.Writer()
	eventually(t, "rows acknowledged", func() bool { return w.Counters().Acknowledged > 300 })
	postmaster := primary.current().PID()
	family := append(childrenOf(postmaster), postmaster)
	must(t, primary.Kill())
	must(t, primary.Kill())
	for _, pid := range family {
		if state, _ := kernelView(pid); state != 0 && state != 'Z' {
			t.Errorf("process %d is still there (%c): %s", pid, state, title(pid))
		}
	}
	expectOneDark(t, f)
	if _, err := f.Primary(t.Context()); err == nil {
		t.Error("a fleet with a dead primary names one")
	}

	began := time.Now()
	must(t, primary.StartPrimary(within(t, 20*time.Second)))
	t.Logf("primary started after a kill in %s", time.Since(began).Round(time.Millisecond))
	before := w.Counters().Acknowledged
	eventually(t, "the writer finds the primary again", func() bool { return w.Counters().Acknowledged > before+100 })
}

// expectOneDark makes sure that the killed first region neither delays nor hides the others.
func expectOneDark(t *testing.T, f *Fleet) {
	t.Helper()
	var lines []*RegionStatus
	eventually(t, "the replicas answer, which a very busy machine may take a second try for", func() bool {
		began := time.Now()
		lines = f.Status(t.Context())
		if took := time.Since(began); took > 3*patience {
			t.Errorf("status took %s", took)
		}
		return lines[1].Error == "" && lines[2].Error == ""
	})
	if lines[0].State != Killed || lines[0].Role != "unknown" || lines[0].Writable {
		t.Errorf("the killed one: %+v", lines[0])
	}
	for _, line := range lines[1:] {
		if line.State != Running || line.Role != "replica" || line.Timeline != 1 || line.LagBytes != nil {
			t.Errorf("a replica without a primary: %+v", line)
		}
	}
}

func freezeAndThaw(t *testing.T, f *Fleet) {
	primary, replica := f.Region("us-east-1"), f.Region("us-west-2")
	if err := primary.Freeze(); !errors.Is(err, ErrWrongRole) {
		t.Errorf("a primary has no WAL receiver to freeze: %v", err)
	}
	must(t, replica.Freeze())
	must(t, replica.Freeze())
	if state := replica.State(); state != Frozen {
		t.Errorf("state is %s", state)
	}
	const much = 100_000
	lag := func(i int) int64 {
		if line := f.Status(t.Context())[i]; line.LagBytes != nil {
			return *line.LagBytes
		}
		return -1
	}
	eventually(t, "the frozen replica falls behind", func() bool { return lag(1) > much })
	if other := lag(2); other < 0 || other > much {
		t.Errorf("the other replica is %d bytes behind", other)
	}
	if line := f.Status(t.Context())[1]; line.Streaming == nil || *line.Streaming {
		t.Errorf("a frozen replica streams: %+v", line)
	}
	must(t, replica.Thaw())
	must(t, replica.Thaw())
	eventually(t, "the thawed replica catches up", func() bool { behind := lag(1); return behind >= 0 && behind < much/10 })
}

func frozenServersEnd(t *testing.T, f *Fleet) {
	replica := f.Region("us-west-2")
	ctx := within(t, 20*time.Second)
	must(t, replica.Freeze())
	must(t, replica.Stop(ctx))
	must(t, replica.StartReplica(ctx))
	eventually(t, "the replica has a WAL receiver again", func() bool { return replica.Freeze() == nil })
	must(t, replica.Kill())
	if state := replica.State(); state != Killed {
		t.Errorf("state is %s", state)
	}
	must(t, replica.StartReplica(ctx))
}

// An emergency cuts a replica off with ALTER SYSTEM. Started as a replica, it streams again.
func startReplicaForgetsACutUpstream(t *testing.T, f *Fleet) {
	replica := f.Region("us-west-2")
	ctx := within(t, 30*time.Second)
	bot := login(t, replica.DSN(Rapbot))
	do(t, bot, "ALTER SYSTEM SET primary_conninfo = ''")
	do(t, bot, "ALTER SYSTEM SET synchronous_standby_names = ''")
	do(t, bot, "SELECT pg_reload_conf()")
	eventually(t, "the replica is cut off", func() bool { return !follows(f.Status(ctx)[1], 1) })
	must(t, replica.Stop(ctx))
	must(t, replica.StartReplica(ctx))
	eventually(t, "the replica streams again", func() bool { return follows(f.Status(ctx)[1], 1) })
}

func aServerThatCannotStartSaysWhy(t *testing.T, f *Fleet) {
	server := f.Region("us-west-2")
	ctx := within(t, 20*time.Second)
	must(t, server.Stop(ctx))
	must(t, f.account.WriteFile(server.path("server.conf"), server.settings()+"max_wal_senders = many\n"))
	if err := server.StartReplica(ctx); err == nil || !strings.Contains(err.Error(), "max_wal_senders") {
		t.Errorf("got %v", err)
	}
	if state := server.State(); state != Stopped {
		t.Errorf("state is %s", state)
	}
	must(t, f.account.WriteFile(server.path("server.conf"), server.settings()))
	must(t, server.StartReplica(ctx))
}
