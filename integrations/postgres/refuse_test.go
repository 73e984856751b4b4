package postgres_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// told is an instance that says what a test wants it to say.
type told struct {
	instance
	running bool
	err     error
}

func (i told) Running(context.Context) (bool, error) { return i.running, i.err }

// openWith makes a fleet in which one region's instance is another.
func openWith(t *testing.T, lab *regions.Fleet, name string, other rapbot.Instance) *postgres.Fleet {
	t.Helper()
	configs := configsOf(lab)
	for i := range configs {
		if configs[i].Name == name {
			configs[i].Instance = other
		}
	}
	f, err := postgres.Open(t.Context(), configs, postgres.Options{})
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

// expectRefusal fails unless err is a refusal that says so.
func expectRefusal(t *testing.T, what string, err error, want string) {
	t.Helper()
	if rapbot.ErrorCode(err) != rapbot.Precondition || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Nothing was changed.") {
		t.Errorf("%s: %v, want a refusal with %q", what, err, want)
	}
}

func (d *drive) expectReplica(lab *regions.Fleet, name string) {
	d.t.Helper()
	if !ask[bool](d.t, login(d.t, lab.Region(name), regions.Rapbot), "SELECT pg_is_in_recovery()") {
		d.t.Fatalf("%s was promoted", name)
	}
}

// A receiver that hangs before the marker: the first proof never comes.
func TestFrozenBeforeCatchUp(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	f := openFleet(t, lab)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
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
}

// A receiver that hangs after the marker: the old primary stops cleanly all
// the same, and only the target knows that it does not have everything.
func TestFrozenBeforeStop(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	f := openFleet(t, lab)
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	do(t, admin, "ALTER SYSTEM SET wal_sender_timeout = '1s'")
	do(t, admin, "SELECT pg_reload_conf()")
	d := plan(t, lab, f, "us-west-2")
	d.steps(rapbot.StepStop)
	must(t, lab.Region("us-west-2").Freeze())
	do(t, admin, "BEGIN READ WRITE; INSERT INTO writes (id) VALUES (7); COMMIT") // acknowledged, and not on the target
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
	back := login(t, lab.Region("us-east-1"), regions.App)
	if ask[int](t, back, "SELECT count(*)::int FROM writes WHERE id = 7") != 1 {
		t.Error("an acknowledged row is lost")
	}
}

// Everything that a promotion rests upon is asked again at that moment (R4).
func TestPromoteRefuses(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	east := lab.Region("us-east-1")
	d := plan(t, lab, openFleet(t, lab), "us-west-2")
	d.steps(rapbot.StepPromote)
	// The target receives no more, so that the proof stands and each of the other
	// reasons is seen for itself.
	west := login(t, lab.Region("us-west-2"), regions.Admin)
	do(t, west, "ALTER SYSTEM SET primary_conninfo = ''")
	do(t, west, "SELECT pg_reload_conf()")
	refuse := func(what string, f *postgres.Fleet, want string) {
		t.Helper()
		try := *d
		try.fleet = f
		expectRefusal(t, what, try.act(rapbot.StepPromote), want)
		d.expectReplica(lab, "us-west-2")
	}

	evidence, facts := d.evidence, d.plan.Basis
	for key, want := range map[string]string{rapbot.EvShutdown: "no proof that us-west-2 has everything", rapbot.EvMarker: "no evidence of the last row"} {
		d.evidence = maps.Clone(evidence)
		delete(d.evidence, key)
		refuse("without "+key, d.fleet, want)
	}
	d.evidence = maps.Clone(evidence)
	d.evidence[rapbot.EvShutdown] = "0/1000"
	refuse("proof of another position", d.fleet, "the proof was for 0/1000")
	d.evidence = evidence
	d.plan.Basis = with(facts, rapbot.FactTimeline, "2")
	refuse("another timeline", d.fleet, "the plan was made on 2")
	d.plan.Basis = with(facts, rapbot.FactSystem, "1")
	refuse("another cluster", d.fleet, "belongs to another cluster")
	d.plan.Basis = facts[:len(facts)-2]
	refuse("a plan that says neither", d.fleet, "belongs to another cluster")
	d.plan.Basis = facts

	refuse("instance cannot tell", openWith(t, lab, "us-east-1", told{err: errors.New("no route")}), "cannot be told whether us-east-1 is stopped")
	refuse("instance says it runs", openWith(t, lab, "us-east-1", told{running: true}), "us-east-1 runs")
	refuse("no instance", openWith(t, lab, "us-east-1", nil), "has not been told how to stop")

	must(t, east.StartReplica(within(t, 10*time.Second))) // as a replica it writes no log, so the proof stands
	refuse("the old primary runs", d.fleet, "us-east-1 ")
	refuse("and its instance denies it", openWith(t, lab, "us-east-1", told{running: false}), "us-east-1 answers")
	must(t, signalAll(east, syscall.SIGSTOP))
	t.Cleanup(func() { _ = signalAll(east, syscall.SIGCONT) })
	refuse("the old primary hangs", openFleet(t, lab), "us-east-1 runs")
	must(t, signalAll(east, syscall.SIGCONT))
	must(t, east.Stop(within(t, 10*time.Second)))

	do(t, login(t, lab.Region("eu-west-1"), regions.Admin), "SELECT pg_promote()")
	refuse("another region is a primary", openFleet(t, lab), "eu-west-1 is a primary")
}

// with is the facts with another value for one of them.
func with(facts []rapbot.Fact, name, value string) []rapbot.Fact {
	out := slices.Clone(facts)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = value
		}
	}
	return out
}

// Once the target is promoted, or may be, the old primary is never started as
// a primary again (R4).
func TestNeverStartsASecondPrimary(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	east, west := lab.Region("us-east-1"), lab.Region("us-west-2")
	d := plan(t, lab, openFleet(t, lab), "us-west-2")
	d.steps(rapbot.StepPromote)

	must(t, signalAll(west, syscall.SIGSTOP))
	t.Cleanup(func() { _ = signalAll(west, syscall.SIGCONT) })
	if _, err := d.undo(rapbot.StepStop); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "Cannot tell whether us-west-2 has been promoted") {
		t.Errorf("while the target hangs: %v", err)
	}
	must(t, signalAll(west, syscall.SIGCONT))

	must(t, d.step(d.of(rapbot.StepPromote)))
	_, err := d.undo(rapbot.StepStop)
	expectRefusal(t, "undo stop", err, "us-west-2 is a primary, so us-east-1 is not started as another one")
	if east.State() != regions.Stopped {
		t.Fatal("the old primary was started")
	}

	// Somebody else starts it nevertheless: nothing here helps it to writers.
	must(t, east.StartPrimary(within(t, 10*time.Second)))
	_, err = d.undo(rapbot.StepBlock)
	expectRefusal(t, "undo block", err, "us-west-2 is a primary, so writers stay blocked")
	_, err = d.undo(rapbot.StepStop)
	expectRefusal(t, "undo stop beside a second primary", err, "both primaries")
	expectRefusal(t, "rejoin", d.act(rapbot.StepRejoin), "runs as a primary beside us-west-2")
	if err := d.act(rapbot.StepTidy); err == nil || !strings.Contains(err.Error(), "us-east-1 is a second primary") {
		t.Errorf("clean-up: %v", err)
	}
	if ask[string](t, login(t, east, regions.App), "SHOW default_transaction_read_only") != "on" {
		t.Error("writers were let in to the second primary")
	}
}

// The target dies while writers wait: everything is taken back.
func TestTargetDies(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	west := lab.Region("us-west-2")
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
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
		eventually(t, "it streams again", func() bool { return len(f.Observe(t.Context()).Contradictions()) == 0 })
	}
}

// What would be found out with the write window open is found out before.
func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
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
	expectRefusal(t, "catch-up with writers", d.act(rapbot.StepCatchUp), "accepts writes")
	expectSame(t, before, stateOf(t, lab))
}
