package postgres_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// TestSwitchingOver goes all the way, again and again on the same servers: the
// application writes all the while and a probe tries a write on every server.
func TestSwitchingOver(t *testing.T) {
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
		{"goes round", goesRound},
		{"does every step twice", doesEveryStepTwice},
		{"goes by weaker proofs", goesByWeakerProofs},
		{"is taken up again", isTakenUpAgain},
		{"finishes a promotion", finishesAPromotion},
		{"tidies what is left", tidiesWhatIsLeft},
		{"leaves out who is down", leavesOutWhoIsDown},
		{"says where a bystander looks", saysWhereABystanderLooks},
	} {
		if !t.Run(test.name, func(t *testing.T) { test.run(t, lab, writer) }) {
			return // the next one would begin from nobody knows what
		}
		goHome(t, lab)
		expectSame(t, before, stateOf(t, lab))
	}
	expectNothingLost(t, writer, probe)
}

// goHome switches back to the first region.
func goHome(t *testing.T, lab *regions.Fleet) {
	t.Helper()
	f := openFleet(t, lab)
	if p, _ := f.Observe(t.Context()).Primary(); p.Name != "us-east-1" {
		plan(t, lab, f, "us-east-1").steps("")
	}
}

// There and back, on to the third region and home.
func goesRound(t *testing.T, lab *regions.Fleet, writer *regions.Writer) {
	f := openFleet(t, lab)
	running(t, f)
	before := stateOf(t, lab)
	for _, to := range []string{"us-west-2", "us-east-1", "eu-west-1", "us-east-1"} {
		expectWrites(t, writer)
		d := plan(t, lab, f, to)
		writer.ResetGap()
		d.steps("")
		expectWrites(t, writer)
		longest := time.Duration(writer.Counters().LongestGapMS) * time.Millisecond
		t.Logf("to %s: writers paused %s, by the evidence %s; steps %v", to, longest, d.gap().Round(time.Millisecond), d.took)
		if off := (d.gap() - longest).Abs(); off > 500*time.Millisecond {
			t.Errorf("writers paused %s, but the evidence says %s", longest, d.gap())
		}
		topology := f.Observe(t.Context())
		if p, _ := topology.Primary(); p.Name != to || len(topology.Contradictions()) > 0 {
			t.Errorf("%s is the primary; %v", p.Name, topology.Contradictions())
		}
		expectSlots(t, topology, lab)
		d.expectEvidence()
	}
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
		rapbot.EvWritesStopped, rapbot.EvWritesBack, rapbot.EvMarker, rapbot.EvProof, rapbot.EvShutdown, rapbot.EvOldTimeline, rapbot.EvNewTimeline, rapbot.EvSlotsMade,
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
