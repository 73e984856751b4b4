package postgres_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// There and back and on to the third region, with the application writing and
// a probe that tries a write on every server all the while.
func TestSwitchover(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	f := openFleet(t, lab)
	running(t, f)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	before := stateOf(t, lab)
	for _, to := range []string{"us-west-2", "us-east-1", "eu-west-1", "us-east-1"} {
		expectWrites(t, writer)
		d := plan(t, lab, f, to)
		writer.ResetGap()
		d.steps("")
		expectWrites(t, writer)
		longest := time.Duration(writer.Counters().LongestGapMS) * time.Millisecond
		t.Logf("to %s: writers paused %s, by the evidence %s; steps %v", to, longest, d.gap().Round(time.Millisecond), d.took)
		if off := (d.gap() - longest).Abs(); off > 300*time.Millisecond {
			t.Errorf("writers paused %s, but the evidence says %s", longest, d.gap())
		}
		topology := f.Observe(t.Context())
		if p, _ := topology.Primary(); p.Name != to || len(topology.Contradictions()) > 0 {
			t.Errorf("%s is the primary; %v", p.Name, topology.Contradictions())
		}
		expectSlots(t, topology, lab)
		d.expectEvidence()
	}
	expectNothingLost(t, writer, probe)
	expectSame(t, before, stateOf(t, lab)) // the first region is the primary again, and nothing else has changed
}

// expectSlots fails unless the primary has a slot for each other region, and
// replicas have none.
func expectSlots(t *testing.T, topology rapbot.Topology, lab *regions.Fleet) {
	t.Helper()
	for _, r := range topology.Regions {
		want := 0
		if r.Role == rapbot.Primary {
			want = len(lab.Servers()) - 1
		}
		if len(r.Server.Slots) != want || r.Server.ReadOnly {
			t.Errorf("%s, a %s, has slots %+v; read-only %v", r.Name, r.Role, r.Server.Slots, r.Server.ReadOnly)
		}
	}
}

// expectEvidence fails unless the steps have left everything that an outcome
// is told with.
func (d *drive) expectEvidence() {
	d.t.Helper()
	for _, key := range []string{
		rapbot.EvWritesStopped, rapbot.EvWritesBack, rapbot.EvMarker, rapbot.EvShutdown, rapbot.EvOldTimeline, rapbot.EvNewTimeline, rapbot.EvSlotsMade,
		"checkpointed_at", "target_replay_lsn", "stopped_at", "bystanders", "promoted_at", "promoted_lsn", "final_primary", "final_lsn", "final_replicas",
	} {
		if d.evidence[key] == "" {
			d.t.Errorf("no evidence %s in %v", key, d.evidence)
		}
	}
	marker, _ := rapbot.ParseLSN(d.evidence[rapbot.EvMarker])
	shutdown, _ := rapbot.ParseLSN(d.evidence[rapbot.EvShutdown])
	if marker == 0 || shutdown <= marker {
		d.t.Errorf("the marker at %s, the shutdown checkpoint at %s", marker, shutdown)
	}
}

// Every step acts again without harm and finds the same, also when another
// process than the one that acted looks: nothing rests upon memory (R3).
func TestEveryStepTwice(t *testing.T) {
	t.Parallel()
	lab := startLab(t)
	f := openFleet(t, lab)
	d := plan(t, lab, f, "us-west-2")
	for _, step := range d.plan.Steps {
		if err := d.step(step); err != nil {
			t.Fatalf("%s: %v", step.Kind, err)
		}
		first, err := d.observe(step.Kind)
		if err != nil || !first.Holds {
			t.Fatalf("%s holds no more: %+v, %v", step.Kind, first, err)
		}
		d.actAgain(step.Kind)
		d.fleet = openFleet(t, lab)
		d.actAgain(step.Kind)
		again, err := d.observe(step.Kind)
		if err != nil || !again.Holds {
			t.Fatalf("%s, seen by another process, does not hold: %+v, %v", step.Kind, again, err)
		}
		for key, was := range first.Evidence {
			d.expectSameEvidence(key, was, again.Evidence[key])
		}
	}
}

// actAgain acts a second time. A step may refuse because what it needs is over,
// and must then have changed nothing.
func (d *drive) actAgain(kind rapbot.StepKind) {
	d.t.Helper()
	if err := d.act(kind); err != nil && rapbot.ErrorCode(err) != rapbot.Precondition {
		d.t.Errorf("%s a second time: %v", kind, err)
	}
}

// expectSameEvidence allows times to be coarser and positions to have moved on.
func (d *drive) expectSameEvidence(key, was, is string) {
	d.t.Helper()
	before, err := time.Parse(time.RFC3339Nano, was)
	if err == nil {
		after, _ := time.Parse(time.RFC3339Nano, is)
		nearly(d.t, key, after, before, 2*time.Second)
		return
	}
	if a, err := rapbot.ParseLSN(was); err == nil {
		if b, _ := rapbot.ParseLSN(is); b < a {
			d.t.Errorf("%s was %s and is %s", key, was, is)
		}
		return
	}
	if was != is && key != "final_replicas" && key != "bystanders" {
		d.t.Errorf("%s was %q and is %q", key, was, is)
	}
}
