package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// What would be found out with the write window open is found out before.
func refusesToPrepare(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	before := stateOf(t, lab)
	d := plan(t, lab, openFleet(t, lab), "us-west-2")
	for want, other := range map[string]rapbot.Instance{
		"has not been told how to stop":      nil,
		"looks at another server":            told{running: false},
		"could not be proven that us-east-1": told{err: errors.New("no route")},
	} {
		d.fleet = openWith(t, lab, "us-east-1", other)
		expectRefusal(t, "prepare", d.act(rapbot.StepPrepare), want)
	}
	d.fleet = openFleet(t, lab)
	d.plan.From, d.plan.To = "eu-west-1", "us-west-2"
	expectRefusal(t, "prepare from a replica", d.act(rapbot.StepPrepare), "eu-west-1 is not the primary")
	d.plan.From, d.plan.To = "us-east-1", "us-west-2"
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	do(t, admin, "ALTER SYSTEM SET default_transaction_read_only = on")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it is read-only", func() bool { return region(t, d.fleet.Observe(t.Context()), "us-east-1").Server.ReadOnly })
	expectRefusal(t, "prepare what is read-only", d.act(rapbot.StepPrepare), "us-east-1 does not accept writes")
	do(t, admin, "ALTER SYSTEM RESET default_transaction_read_only")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it is not", func() bool { return !region(t, d.fleet.Observe(t.Context()), "us-east-1").Server.ReadOnly })
	expectRefusal(t, "catch-up with writers", d.act(rapbot.StepCatchUp), "accepts writes")
	expectSame(t, before, stateOf(t, lab))
}

// Sessions of superusers are out of reach. They are named, and nobody waits
// for them; sessions of the application are ended.
func namesWhomItCannotEnd(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	f := openFleet(t, lab)
	east := lab.Region("us-east-1")
	admin, app := login(t, east, regions.Admin), login(t, east, regions.App)
	do(t, app, "BEGIN READ WRITE")
	do(t, app, "INSERT INTO writes (id) VALUES (-1)")
	d := plan(t, lab, f, "us-west-2")
	d.steps(rapbot.StepCatchUp)
	finding, err := d.observe(rapbot.StepBlock)
	if err != nil || !strings.Contains(finding.Detail, "superusers") || !strings.Contains(finding.Detail, "admin") {
		t.Errorf("%+v, %v", finding, err)
	}
	if _, err := app.Exec(t.Context(), "COMMIT"); err == nil {
		t.Error("a transaction that was open when writers were blocked has committed")
	}
	if got := ask[int](t, admin, "SELECT count(*)::int FROM writes WHERE id = -1"); got != 0 {
		t.Errorf("%d rows of it are there", got)
	}
	fresh := login(t, east, regions.App)
	if _, err := fresh.Exec(t.Context(), "INSERT INTO writes (id) VALUES (-2)"); err == nil {
		t.Error("a new session can write")
	}
	d.rollBack(rapbot.StepBlock)
	do(t, login(t, east, regions.App), "INSERT INTO writes (id) VALUES (-3)")
}

// Told whose sessions the application's are, block ends those and no other.
func endsOnlyTheApplication(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	for users, want := range map[string]bool{"app": true, "batch": false} {
		f, err := postgres.Open(t.Context(), configsOf(lab), postgres.Options{ApplicationUsers: []string{users}})
		must(t, err)
		app := login(t, lab.Region("us-east-1"), regions.App)
		d := plan(t, lab, f, "us-west-2")
		d.steps(rapbot.StepCatchUp)
		if _, err := app.Exec(t.Context(), "SELECT 1"); (err != nil) != want {
			t.Errorf("with application user %s a session of app: %v", users, err)
		}
		d.rollBack(rapbot.StepBlock)
		f.Close()
	}
	expectWrites(t, writer)
}

// A slot whose log is gone is of no use to anybody: the target gets a new one.
func replacesALostSlot(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	f := openFleet(t, lab)
	target, primary := login(t, lab.Region("us-west-2"), regions.Admin), login(t, lab.Region("us-east-1"), regions.Admin)
	do(t, target, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
	do(t, target, "SELECT pg_reload_conf()")
	do(t, target, "SELECT pg_create_physical_replication_slot('euw1', true)")
	status := func() string {
		return ask[string](t, target, "SELECT coalesce((SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'euw1'), 'none')")
	}
	eventually(t, "the slot is lost", func() bool {
		do(t, primary, "SELECT pg_switch_wal()")
		do(t, primary, "CHECKPOINT")
		do(t, target, "CHECKPOINT")
		return status() == "lost"
	})
	do(t, target, "ALTER SYSTEM RESET max_slot_wal_keep_size")
	do(t, target, "SELECT pg_reload_conf()")
	d := plan(t, lab, f, "us-west-2")
	must(t, d.step(d.of(rapbot.StepPrepare)))
	if got := status(); got == "lost" || got == "none" {
		t.Errorf("the slot is %s", got)
	}
	d.rollBack(rapbot.StepPrepare)
}

// A receiver that hangs before the marker: the first proof never comes.
func frozenBeforeCatchUp(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	f := openFleet(t, lab)
	d := plan(t, lab, f, "us-west-2")
	d.steps(rapbot.StepBlock)
	must(t, lab.Region("us-west-2").Freeze())
	d.steps(rapbot.StepCatchUp)
	d.deadline = time.Second
	if err := d.step(d.of(rapbot.StepCatchUp)); err == nil || !strings.Contains(err.Error(), "the last row of us-east-1 is not there yet") {
		t.Errorf("catch-up: %v", err)
	}
	expectRefusal(t, "stop", d.act(rapbot.StepStop), "does not have the last row")
	if _, err := d.observe(rapbot.StepProve); err == nil {
		t.Error("a proof without evidence of the marker")
	}
	d.rollBack(rapbot.StepStop)
	expectWrites(t, writer)
	must(t, lab.Region("us-west-2").Thaw())
	eventuallyHealthy(t, f)
}

// A receiver that hangs after the marker: the old primary stops cleanly all
// the same, and only the target knows that it does not have everything.
func frozenBeforeStop(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
	f := openFleet(t, lab)
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	d := plan(t, lab, f, "us-west-2")
	d.steps(rapbot.StepStop)
	// Something does come after the marker, a checkpoint even, but not the last one.
	do(t, admin, "CHECKPOINT")
	end := ask[string](t, admin, "SELECT pg_current_wal_flush_lsn()::text")
	target := login(t, lab.Region("us-west-2"), regions.Rapbot)
	eventually(t, "the checkpoint arrives", func() bool { return ask[bool](t, target, "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", end) })
	must(t, lab.Region("us-west-2").Freeze())
	do(t, admin, "BEGIN READ WRITE; INSERT INTO writes (id) VALUES (-7); COMMIT") // acknowledged, and not on the target
	must(t, d.step(d.of(rapbot.StepStop)))
	d.deadline = time.Second
	err := d.step(d.of(rapbot.StepProve))
	if err == nil || !strings.Contains(err.Error(), "cannot prove that nothing is missing") {
		t.Errorf("prove: %v", err)
	}
	expectRefusal(t, "promote", d.act(rapbot.StepPromote), "no proof")
	d.evidence[rapbot.EvShutdown] = d.evidence[rapbot.EvMarker]
	expectRefusal(t, "promote with forged evidence", d.act(rapbot.StepPromote), "no proof any more")
	d.expectReplica(lab, "us-west-2")
	d.rollBack(rapbot.StepProve)
	must(t, lab.Region("us-west-2").Thaw())
	eventuallyHealthy(t, f)
	back := login(t, lab.Region("us-east-1"), regions.App)
	if ask[int](t, back, "SELECT count(*)::int FROM writes WHERE id = -7") != 1 {
		t.Error("an acknowledged row is lost")
	}
}

// The target dies while writers wait: everything is taken back.
func targetDies(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	west := lab.Region("us-west-2")
	for _, before := range []rapbot.StepKind{rapbot.StepStop, rapbot.StepProve} {
		f := openFleet(t, lab)
		d := plan(t, lab, f, "us-west-2")
		d.steps(before)
		must(t, west.Kill())
		f.Observe(t.Context())
		switch before {
		case rapbot.StepStop:
			expectRefusal(t, "stop", d.act(rapbot.StepStop), "us-west-2 gives no answer any more")
		case rapbot.StepProve:
			if _, err := d.observe(rapbot.StepProve); rapbot.ErrorCode(err) != rapbot.Unavailable {
				t.Errorf("prove: %v", err)
			}
			finding, err := d.undo(rapbot.StepStop)
			if err != nil || !finding.Holds {
				t.Fatalf("undo stop: %+v, %v", finding, err)
			}
		}
		if finding, err := d.undo(rapbot.StepBlock); err != nil || !finding.Holds {
			t.Fatalf("undo block: %+v, %v", finding, err)
		}
		expectWrites(t, writer)
		must(t, west.Start(within(t, 10*time.Second)))
		d.rollBack(rapbot.StepPrepare)
		eventuallyHealthy(t, f)
	}
}
