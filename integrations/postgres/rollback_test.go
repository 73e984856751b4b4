package postgres_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// TestTakingBack turns around before the point of no return, again and again
// on the same servers: the application writes all the while, a probe tries a
// write on every server, and each turn leaves everything as it was.
func TestTakingBack(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	hastenSenders(t, lab)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	before := stateOf(t, lab)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *regions.Fleet, *regions.Writer)
	}{
		{"refuses to prepare", refusesToPrepare},
		{"rolls back from every step", rollsBackFromEveryStep},
		{"is cut short anywhere", isCutShortAnywhere},
		{"keeps foreign slots", keepsForeignSlots},
		{"names whom it cannot end", namesWhomItCannotEnd},
		{"ends only the application", endsOnlyTheApplication},
		{"replaces a lost slot", replacesALostSlot},
		{"frozen before catch-up", frozenBeforeCatchUp},
		{"frozen before stop", frozenBeforeStop},
		{"target dies", targetDies},
	} {
		if !t.Run(test.name, func(t *testing.T) { test.run(t, lab, writer) }) {
			return // the next one would begin from nobody knows what
		}
		expectSame(t, before, stateOf(t, lab))
	}
	expectNothingLost(t, writer, probe)
}

// hastenSenders makes the first region give up on a hanging replica soon.
func hastenSenders(t *testing.T, lab *regions.Fleet) {
	t.Helper()
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	do(t, admin, "ALTER SYSTEM SET wal_sender_timeout = '1s'")
	do(t, admin, "SELECT pg_reload_conf()")
}

var beforePromote = []rapbot.StepKind{rapbot.StepPrepare, rapbot.StepBlock, rapbot.StepCatchUp, rapbot.StepStop, rapbot.StepProve}

// Turning around after any step before the promotion gives the application its
// writes back and leaves every setting, slot and file as it was. The process
// that turns around may be another one than the one that acted.
func rollsBackFromEveryStep(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	before := stateOf(t, lab)
	for i, last := range beforePromote {
		f := openFleet(t, lab)
		eventuallyHealthy(t, f)
		d := plan(t, lab, f, "us-west-2")
		d.steps(last)
		must(t, d.step(d.of(last)))
		if i%2 == 0 {
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

// A step may be cut off at any moment, by a crash or a deadline. Whatever half
// of it was done, it can be taken back.
func isCutShortAnywhere(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	before := stateOf(t, lab)
	f := openFleet(t, lab)
	for _, last := range beforePromote {
		eventuallyHealthy(t, f)
		d := plan(t, lab, f, "us-west-2")
		d.steps(last)
		d.cutShort(last, lab, 3*time.Millisecond, 9*time.Millisecond)
		d.rollBack(last)
		expectWrites(t, writer)
		expectSame(t, before, stateOf(t, lab))
	}
}

// Slots that were there before the operation are nobody's to drop, and neither
// is one that somebody streams from.
func keepsForeignSlots(t *testing.T, lab *regions.Fleet, _ *regions.Writer) {
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
	do(t, target, "SELECT pg_drop_replication_slot('euw1')")
}
