package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// TestTakingAFailoverBack loses the primary and turns around before anybody is
// promoted, again and again on the same servers: each time the old primary
// comes back and everything is as it was.
func TestTakingAFailoverBack(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	before := stateOf(t, lab)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *regions.Fleet, *regions.Writer)
	}{
		{"from every step", failsBackFromEveryStep},
		{"settings that a reset would lose", putsBackWhatStoodInTheFile},
		{"cut short anywhere", failoverIsCutShort},
		{"a password", leavesPasswordsAlone},
		{"the old primary comes back", oldPrimaryComesBack},
		{"a receiver that hangs", receiverHangs},
		{"a region that was dark", leavesOutADarkRegion},
		{"fences", fencesAsSurelyAsCanBe},
		{"stops what answers", stopsWhatAnswers},
		{"a worse loss", refusesAWorseLoss},
	} {
		if !t.Run(test.name, func(t *testing.T) { test.run(t, lab, writer) }) {
			return // the next one would begin from nobody knows what
		}
		expectSame(t, before, stateOf(t, lab))
	}
	expectNothingLost(t, writer, probe)
}

// losesIt kills the primary with one replica ahead of the target, and plans.
func losesIt(t *testing.T, lab *regions.Fleet, writer *regions.Writer) *drive {
	t.Helper()
	f := openFleet(t, lab)
	eventuallyHealthy(t, f)
	east := lab.Region("us-east-1")
	stallSenders(t, east, "usw2")
	expectWrites(t, writer)
	must(t, east.Kill())
	return failover(t, lab, f, "us-west-2", nil)
}

// comesBack starts the old primary again.
func (d *drive) comesBack(lab *regions.Fleet, writer *regions.Writer) {
	d.t.Helper()
	must(d.t, lab.Region("us-east-1").StartPrimary(within(d.t, 20*time.Second)))
	eventuallyHealthy(d.t, d.fleet)
	expectWrites(d.t, writer)
}

func failsBackFromEveryStep(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	before := stateOf(t, lab)
	for i, last := range []rapbot.StepKind{rapbot.StepFreeze, rapbot.StepLevel, rapbot.StepSlots} {
		d := losesIt(t, lab, writer)
		d.steps(last)
		must(t, d.step(d.of(last)))
		if i%2 == 0 {
			d.fleet = openFleet(t, lab)
		}
		d.rollBack(last)
		d.rollBack(last) // and once more: there is nothing left to undo
		d.comesBack(lab, writer)
		expectSame(t, before, stateOf(t, lab))
	}
}

// What stands in postgresql.auto.conf stands there again, also when another
// process undoes it; and a slot that was on the target before is left there.
func putsBackWhatStoodInTheFile(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	west, eu := lab.Region("us-west-2"), lab.Region("eu-west-1")
	for _, s := range []*regions.Server{west, eu} {
		alterUpstream(t, s)
		defer resetUpstream(t, s)
	}
	target := login(t, west, regions.Admin)
	do(t, target, "SELECT pg_create_physical_replication_slot('euw1', true)")
	defer do(t, target, "SELECT pg_drop_replication_slot('euw1')")
	eventuallyHealthy(t, openFleet(t, lab))
	before := stateOf(t, lab)
	d := losesIt(t, lab, writer)
	d.steps(rapbot.StepPromote)
	if got := d.evidence[rapbot.EvSlotsMade]; got != "use1" {
		t.Errorf("slots made: %q", got)
	}
	d.fleet = openFleet(t, lab)
	d.rollBack(rapbot.StepSlots)
	d.comesBack(lab, writer)
	expectSame(t, before, stateOf(t, lab))

	// Without the evidence the slot of the configuration is put there.
	d = losesIt(t, lab, writer)
	must(t, d.act(rapbot.StepFreeze))
	d.fleet = openFleet(t, lab)
	d.rollBack(rapbot.StepFreeze)
	d.comesBack(lab, writer)
}

func resetUpstream(t *testing.T, s *regions.Server) {
	t.Helper()
	admin := login(t, s, regions.Admin)
	do(t, admin, "ALTER SYSTEM RESET primary_slot_name")
	do(t, admin, "ALTER SYSTEM RESET primary_conninfo")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it is in force", func() bool {
		return !ask[bool](t, admin, "SELECT bool_or(sourcefile LIKE '%auto.conf') FROM pg_settings WHERE name LIKE 'primary%'")
	})
}

// Whatever half of a step was done, another process takes it back.
func failoverIsCutShort(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	before := stateOf(t, lab)
	for _, last := range []rapbot.StepKind{rapbot.StepFreeze, rapbot.StepLevel, rapbot.StepSlots} {
		d := losesIt(t, lab, writer)
		d.steps(last)
		d.cutShort(last, lab, 6*time.Millisecond, 20*time.Millisecond, 60*time.Millisecond)
		d.rollBack(last)
		d.comesBack(lab, writer)
		expectSame(t, before, stateOf(t, lab))
	}
	// The file says something that is not in force.
	d := losesIt(t, lab, writer)
	d.steps(rapbot.StepLevel)
	do(t, login(t, lab.Region("us-west-2"), regions.Admin), "ALTER SYSTEM SET primary_conninfo = 'host=nowhere fallback_application_name=rapbot_level'")
	do(t, login(t, lab.Region("eu-west-1"), regions.Admin), "ALTER SYSTEM SET primary_slot_name = 'rapbot_frozen'")
	d.rollBack(rapbot.StepFreeze)
	d.comesBack(lab, writer)
}

// A connection string that holds a password is neither read nor written.
func leavesPasswordsAlone(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	west := lab.Region("us-west-2")
	admin := login(t, west, regions.Admin)
	conninfo := ask[string](t, admin, "SHOW primary_conninfo")
	for _, extra := range []string{" password=hunter2", " user='replicator'password = 'hunter2'", " sslpassword=hunter2"} {
		d := losesIt(t, lab, writer)
		do(t, admin, "ALTER SYSTEM SET primary_conninfo = '"+strings.ReplaceAll(conninfo+extra, "'", "''")+"'")
		do(t, admin, "SELECT pg_reload_conf()")
		d.steps(rapbot.StepLevel)
		expectRefusal(t, "fast-forward", d.act(rapbot.StepLevel), "holds a password")
		d.rollBack(rapbot.StepLevel)
		for _, text := range d.said {
			if strings.Contains(text, "hunter2") {
				t.Errorf("said: %s", text)
			}
		}
		if got := ask[string](t, admin, "SHOW primary_conninfo"); got != conninfo+extra {
			t.Errorf("primary_conninfo is %s", got)
		}
		resetUpstream(t, west)
		d.comesBack(lab, writer)
	}
}

// The old primary comes back before the promotion: nothing is promoted, and
// none of the frozen replicas gets anything from it (R4).
func oldPrimaryComesBack(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	d := losesIt(t, lab, writer)
	d.steps(rapbot.StepPromote)
	try := func(what, want string, change func(map[string]string)) {
		t.Helper()
		kept := d.run(d.of(rapbot.StepPromote)).Evidence
		change(d.evidence)
		expectRefusal(t, what, d.act(rapbot.StepPromote), want)
		d.evidence = kept
	}
	try("without a fence", "no evidence of how us-east-1 was fenced", func(e map[string]string) { delete(e, rapbot.EvFence) })
	basis := d.plan.Basis
	d.plan.Basis = with(basis, rapbot.FactTimeline, "7")
	try("another timeline", "the plan was made on 7", func(map[string]string) {})
	d.plan.Basis = with(basis, rapbot.FactSystem, "7")
	try("another cluster", "belongs to another cluster", func(map[string]string) {})
	d.plan.Basis = basis
	eu := login(t, lab.Region("eu-west-1"), regions.Rapbot)
	do(t, eu, "ALTER SYSTEM RESET primary_slot_name")
	do(t, eu, "SELECT pg_reload_conf()")
	eventually(t, "it is not frozen", func() bool { return ask[string](t, eu, "SHOW primary_slot_name") == "euw1" })
	try("a replica that may receive", "eu-west-1 is not frozen", func(map[string]string) {})
	do(t, eu, "ALTER SYSTEM SET primary_slot_name = 'rapbot_frozen_tli1'")
	do(t, eu, "SELECT pg_reload_conf()")

	must(t, lab.Region("us-east-1").StartUngated(within(t, 20*time.Second))) // its gate would not let it
	expectWrites(t, writer)
	for _, how := range []string{rapbot.FenceConfirmed, rapbot.FenceAssumed, rapbot.FenceUnconfirmed} {
		try("beside a primary that is back, "+how, "us-east-1 ", func(e map[string]string) { e[rapbot.EvFence] = how })
	}
	try("nothing confirmed it", "us-east-1 answers", func(e map[string]string) { e[rapbot.EvFence] = rapbot.FenceAssumed })
	d.expectReplica(lab, "us-west-2")
	for _, name := range []string{"us-west-2", "eu-west-1"} {
		if s := region(t, d.fleet.Observe(t.Context()), name).Server; s.Receiver != nil || !s.Frozen() {
			t.Errorf("%s: %+v", name, s)
		}
	}
	d.rollBack(rapbot.StepSlots)
	eventuallyHealthy(t, d.fleet)
}

// A receiver that hangs holds up the freeze, which says so and is taken back.
func receiverHangs(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	f := openFleet(t, lab)
	west := lab.Region("us-west-2")
	must(t, west.Freeze())
	must(t, lab.Region("us-east-1").Kill())
	d := failover(t, lab, f, "us-west-2", nil)
	d.deadline = time.Second
	if err := d.step(d.of(rapbot.StepFreeze)); err == nil || !strings.Contains(err.Error(), "the WAL receiver of us-west-2 has not ended") {
		t.Errorf("freeze: %v", err)
	}
	if err := d.act(rapbot.StepLevel); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "has not ended") {
		t.Errorf("fast-forward: %v", err)
	}
	d.rollBack(rapbot.StepFreeze)
	must(t, west.Thaw())
	d.comesBack(lab, writer)
}

// A region that gives no answer is noted and not waited for; what rests upon
// all of them being frozen is not to be had then.
func leavesOutADarkRegion(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	f := openFleet(t, lab)
	eventuallyHealthy(t, f)
	eu := lab.Region("eu-west-1")
	must(t, eu.Kill())
	must(t, lab.Region("us-east-1").Kill())
	d := failover(t, lab, f, "us-west-2", nil)
	d.steps(rapbot.StepFence)
	if d.evidence[rapbot.EvFrozen] != "us-west-2" || !strings.Contains(d.evidence["not_frozen"], "eu-west-1") {
		t.Errorf("evidence: %v", d.evidence)
	}
	d.fleet = openGated(t, lab, time.Nanosecond, told{err: context.DeadlineExceeded})
	var finding rapbot.Finding
	var err error
	eventually(t, "a person is asked", func() bool {
		finding, err = d.observe(rapbot.StepFence)
		return err != nil || finding.Risk != ""
	})
	if err != nil || finding.Holds || !strings.Contains(finding.Risk, "eu-west-1 gave no answer and is not frozen") {
		t.Errorf("with a gate that may open: %+v, %v", finding, err)
	}
	d.fleet = openFleet(t, lab)
	d.stepsBetween(rapbot.StepFence, rapbot.StepLevel)
	if _, err := d.undo(rapbot.StepFreeze); err != nil {
		t.Errorf("undo with a dark region that was not frozen: %v", err)
	}
	must(t, d.step(d.of(rapbot.StepFreeze)))
	// It comes back in the middle, and is frozen too before anything rests upon where it stands.
	must(t, eu.Start(within(t, 20*time.Second)))
	d.stepsBetween(rapbot.StepLevel, rapbot.StepPromote)
	if s := region(t, d.fleet.Observe(t.Context()), "eu-west-1").Server; !s.Frozen() {
		t.Errorf("eu-west-1 is not frozen: %+v", s)
	}
	d.rollBack(rapbot.StepSlots)
	must(t, eu.Kill())
	d.fleet.Observe(t.Context())
	d.evidence[rapbot.EvFrozen] = "us-west-2,eu-west-1"
	if _, err := d.undo(rapbot.StepFreeze); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(words(err), "eu-west-1 may still be frozen") {
		t.Errorf("undo with a dark region that was frozen: %v", err)
	}
	must(t, eu.Start(within(t, 20*time.Second)))
	d.comesBack(lab, writer)
}

// stepsBetween carries out the steps from the first of a kind to the one before
// another.
func (d *drive) stepsBetween(first, before rapbot.StepKind) {
	d.t.Helper()
	begun := false
	for _, step := range d.plan.Steps {
		begun = begun || step.Kind == first
		if step.Kind == before {
			return
		}
		if begun {
			must(d.t, d.step(step))
		}
	}
}
