package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

var beforePromote = []rapbot.StepKind{rapbot.StepPrepare, rapbot.StepBlock, rapbot.StepCatchUp, rapbot.StepStop, rapbot.StepProve}

// Turning around after any step before the promotion gives the application its
// writes back and leaves every setting, slot and file as it was. The process
// that turns around may be another one than the one that acted.
func TestRollBack(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	before := stateOf(t, lab)
	for _, last := range beforePromote {
		for _, restarted := range []bool{false, true} {
			f := openFleet(t, lab)
			eventually(t, "everybody streams", func() bool { return len(f.Observe(t.Context()).Contradictions()) == 0 })
			d := plan(t, lab, f, "us-west-2")
			d.steps(last)
			must(t, d.step(d.of(last)))
			if restarted {
				d.fleet = openFleet(t, lab)
			}
			began := time.Now()
			d.rollBack(last)
			expectWrites(t, writer)
			t.Logf("back from %s in %s", last, time.Since(began))
			d.rollBack(last) // and once more: there is nothing left to undo
			expectSame(t, before, stateOf(t, lab))
		}
	}
	expectNothingLost(t, writer, probe)
}

// A step may be cut off at any moment, by a crash or a deadline. Whatever half
// of it was done, it can be taken back, and it can be done again.
func TestCutShortAnywhere(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	before := stateOf(t, lab)
	f := openFleet(t, lab)
	for _, last := range beforePromote {
		eventually(t, "everybody streams", func() bool { return len(f.Observe(t.Context()).Contradictions()) == 0 })
		d := plan(t, lab, f, "us-west-2")
		d.steps(last)
		d.cutShort(last, lab, 3*time.Millisecond, 9*time.Millisecond)
		d.rollBack(last)
		expectWrites(t, writer)
		expectSame(t, before, stateOf(t, lab))
	}
	d := plan(t, lab, f, "us-west-2")
	for _, step := range d.plan.Steps {
		d.cutShort(step.Kind, lab, time.Millisecond, 4*time.Millisecond, 12*time.Millisecond, 40*time.Millisecond)
		if err := d.step(step); err != nil {
			t.Fatalf("%s: %v", step.Kind, err)
		}
	}
	expectWrites(t, writer)
	expectSlots(t, d.fleet.Observe(t.Context()), lab)
	expectNothingLost(t, writer, probe)
}

// cutShort begins a step again and again and cuts each attempt off, each by a
// process of its own.
func (d *drive) cutShort(kind rapbot.StepKind, lab *regions.Fleet, after ...time.Duration) {
	d.t.Helper()
	for _, cut := range after {
		d.fleet = openFleet(d.t, lab)
		d.fleet.Observe(d.t.Context()) // connected, so that the cut falls into the work
		ctx, cancel := context.WithTimeout(d.t.Context(), cut)
		err := d.fleet.Doers()[kind].Act(ctx, d.run(d.of(kind)))
		cancel()
		d.heard(rapbot.Finding{}, err)
	}
}

// Slots that were there before the operation are nobody's to drop, and neither
// is one that somebody streams from.
func TestUndoKeepsForeignSlots(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	f := openFleet(t, lab)
	target := login(t, lab.Region("us-west-2"), regions.Admin)
	do(t, target, "SELECT pg_create_physical_replication_slot('euw1', true)")
	before := stateOf(t, lab)
	d := plan(t, lab, f, "us-west-2")
	must(t, d.step(d.of(rapbot.StepPrepare)))
	if got := d.evidence[rapbot.EvSlotsMade]; got != "use1" {
		t.Errorf("slots made: %q", got)
	}
	d.rollBack(rapbot.StepPrepare)
	expectSame(t, before, stateOf(t, lab))
}

// Sessions of superusers are out of reach. They are named, and nobody waits
// for them; sessions of the application are ended.
func TestBlockNamesWhomItCannotEnd(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	f := openFleet(t, lab)
	east := lab.Region("us-east-1")
	admin, app := login(t, east, regions.Admin), login(t, east, regions.App)
	do(t, app, "BEGIN READ WRITE")
	do(t, app, "INSERT INTO writes (id) VALUES (1)")
	d := plan(t, lab, f, "us-west-2")
	d.steps(rapbot.StepCatchUp)
	finding, err := d.observe(rapbot.StepBlock)
	if err != nil || !strings.Contains(finding.Detail, "superusers") || !strings.Contains(finding.Detail, "admin") {
		t.Errorf("%+v, %v", finding, err)
	}
	if _, err := app.Exec(t.Context(), "COMMIT"); err == nil {
		t.Error("a transaction that was open when writers were blocked has committed")
	}
	if got := ask[int](t, admin, "SELECT count(*)::int FROM writes"); got != 0 {
		t.Errorf("%d rows of it are there", got)
	}
	fresh := login(t, east, regions.App)
	if _, err := fresh.Exec(t.Context(), "INSERT INTO writes (id) VALUES (2)"); err == nil {
		t.Error("a new session can write")
	}
	d.rollBack(rapbot.StepBlock)
	do(t, login(t, east, regions.App), "INSERT INTO writes (id) VALUES (3)")
}
