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

	// Streaming is no proof of following: a new timeline and its first row are.
	for _, timeline := range []string{"1", "2"} {
		d.evidence[rapbot.EvNewTimeline] = timeline
		if finding, err := d.observe(rapbot.StepFollow); err != nil || finding.Holds {
			t.Errorf("a replica of nobody follows timeline %s: %+v, %v", timeline, finding, err)
		}
	}
	delete(d.evidence, rapbot.EvNewTimeline)

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
	d.plan.Basis = with(with(facts, rapbot.FactTimeline, ""), rapbot.FactSystem, "")
	refuse("a plan that says neither", d.fleet, "belongs to another cluster")
	d.plan.Basis = facts

	refuse("instance cannot tell", openWith(t, lab, "us-east-1", told{err: errors.New("no route")}), "cannot be told whether us-east-1 is stopped")
	refuse("instance says it runs", openWith(t, lab, "us-east-1", told{running: true}), "us-east-1 runs")
	refuse("no instance", openWith(t, lab, "us-east-1", nil), "has not been told how to stop")

	must(t, east.StartReplica(within(t, 10*time.Second))) // as a replica it writes no log, so the proof stands
	refuse("the old primary runs", d.fleet, "us-east-1 ")
	answers := "us-east-1 answers"
	if d.plan.Proof() != rapbot.ProofLog {
		answers = "us-east-1 " // or, whichever comes first, that its data cannot be read because it runs
	}
	refuse("and its instance denies it", openWith(t, lab, "us-east-1", told{running: false}), answers)
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

// proof is an instance whose word is proof.
type proof struct{ told }

func (proof) Proves() bool { return true }

// A server counts as stopped when its instance says so and nothing listens
// where it was; one of the two is not enough, unless the word is proof.
func TestStoppedIsStopped(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	east := lab.Region("us-east-1")
	d := plan(t, lab, openFleet(t, lab), "us-west-2")
	// A replica far behind would hold the shutdown up, with writers waiting.
	must(t, d.step(d.of(rapbot.StepPrepare)))
	must(t, lab.Region("eu-west-1").Freeze())
	do(t, login(t, east, regions.Admin), "SELECT pg_logical_emit_message(true, 'bulk', repeat('x', 20 * 1024 * 1024))")
	eventually(t, "prepare names the replica far behind", func() bool {
		finding, err := d.observe(rapbot.StepPrepare)
		return err == nil && !finding.Holds && strings.Contains(finding.Detail, "eu-west-1 lacks 20.")
	})
	must(t, lab.Region("eu-west-1").Thaw())

	d.evidence[rapbot.EvNewTimeline] = "1"
	if finding, err := d.observe(rapbot.StepFollow); err != nil || finding.Holds {
		t.Errorf("streaming from the old primary is following the new one: %+v, %v", finding, err)
	}
	d.steps(rapbot.StepStop)
	look := func(what string, f *postgres.Fleet, holds bool, want string) {
		t.Helper()
		try := *d
		try.fleet = f
		finding, err := try.observe(rapbot.StepStop)
		if finding.Holds != holds || !strings.Contains(finding.Detail+words(err), want) {
			t.Errorf("%s: %+v, %v, want %v with %q", what, finding, err, holds, want)
		}
	}
	stopped, running, dumb := told{running: false}, told{running: true}, told{err: errors.New("no route")}
	look("it runs, and is said not to", openWith(t, lab, "us-east-1", stopped), false, "us-east-1 still runs")
	must(t, signalAll(east, syscall.SIGSTOP))
	t.Cleanup(func() { _ = signalAll(east, syscall.SIGCONT) })
	look("it hangs, and is said not to run", openWith(t, lab, "us-east-1", stopped), false, "no answer in 2 s")
	// Where the word of who runs it is proof, silence is enough besides.
	look("it hangs, and is proven not to run", openWith(t, lab, "us-east-1", proof{stopped}), true, "nothing of it is left")
	look("it hangs, and is proven to run", openWith(t, lab, "us-east-1", proof{running}), false, "still runs")
	look("it hangs, and there is no proof", openWith(t, lab, "us-east-1", proof{dumb}), false, "no route")
	must(t, signalAll(east, syscall.SIGCONT))
	look("it answers, and is proven not to run", openWith(t, lab, "us-east-1", proof{stopped}), false, "something answers in its place")
	must(t, east.Stop(within(t, 10*time.Second)))
	look("it is down, and is said to run", openWith(t, lab, "us-east-1", running), false, "its server still runs")
	look("it is down, and nobody can tell", openWith(t, lab, "us-east-1", dumb), false, "no route")
	look("it is down", d.fleet, true, "us-east-1 is stopped and refuses connections")
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

	// Somebody else starts it nevertheless, past its boot gate: nothing here helps it to writers.
	must(t, east.StartUngated(within(t, 10*time.Second)))
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
