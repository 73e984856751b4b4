package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Only one end of a log is a proof (R5).
func TestProof(t *testing.T) {
	plan := rapbot.Plan{From: "us-east-1", Basis: []rapbot.Fact{{Name: rapbot.FactTimeline, Value: "3"}, {Name: rapbot.FactSystem, Value: "7001"}}}
	good := proof{replica: true, systemID: "7001", replay: 100, record: "CHECKPOINT_SHUTDOWN", end: 100, timeline: 3}
	if gap := good.gap(plan); gap != "" {
		t.Errorf("a good one: %s", gap)
	}
	for want, spoil := range map[string]func(*proof){
		"another cluster":                      func(p *proof) { p.systemID = "7002" },
		"nothing came after":                   func(p *proof) { p.record = "" },
		"its last record is CHECKPOINT_ONLINE": func(p *proof) { p.record = "CHECKPOINT_ONLINE" },
		"its last record is COMMIT":            func(p *proof) { p.record, p.timeline = "COMMIT", 0 },
		"has replayed up to 0/65":              func(p *proof) { p.replay = 101 },
		"is of timeline 2":                     func(p *proof) { p.timeline = 2 },
	} {
		p := good
		spoil(&p)
		if gap := p.gap(plan); !strings.Contains(gap, want) {
			t.Errorf("%+v: %q, want %q", p, gap, want)
		}
	}
	if gap := good.gap(rapbot.Plan{}); gap == "" {
		t.Error("a plan without a basis proves nothing")
	}
}

// The data of a stopped server prove something only when they are the old
// primary's, whole, and not ahead of the target.
func TestStoppedGap(t *testing.T) {
	plan := rapbot.Plan{From: "us-east-1", Basis: []rapbot.Fact{{Name: rapbot.FactTimeline, Value: "3"}, {Name: rapbot.FactSystem, Value: "7001"}}}
	good := rapbot.Divergence{SystemID: "7001", Clean: true, Timeline: 3, End: 100}
	if gap := stoppedGap(plan, good, 50, 100); gap != "" {
		t.Errorf("good ones: %s", gap)
	}
	for want, spoil := range map[string]func(*rapbot.Divergence){
		"another cluster":           func(d *rapbot.Divergence) { d.SystemID = "7002" },
		"are of timeline 2":         func(d *rapbot.Divergence) { d.Timeline = 2 },
		"was not shut down cleanly": func(d *rapbot.Divergence) { d.Clean = false },
		"before its last row":       func(d *rapbot.Divergence) { d.End = 50 },
		"goes on to 0/65":           func(d *rapbot.Divergence) { d.End = 101 },
	} {
		d := good
		spoil(&d)
		if gap := stoppedGap(plan, d, 50, 100); !strings.Contains(gap, want) {
			t.Errorf("%+v: %q, want %q", d, gap, want)
		}
	}
}

// The marker row counts where it is seen and replayed.
func TestMarkerGap(t *testing.T) {
	plan := rapbot.Plan{From: "us-east-1", Basis: []rapbot.Fact{{Name: rapbot.FactSystem, Value: "7001"}}}
	marks := map[string]time.Duration{markDrained: 0}
	for want, to := range map[string]standing{
		"":                        {SystemID: "7001", Replay: 50, Marks: marks},
		"another cluster":         {SystemID: "7002", Replay: 50, Marks: marks},
		"is not there":            {SystemID: "7001", Replay: 50},
		"has replayed up to 0/31": {SystemID: "7001", Replay: 49, Marks: marks},
	} {
		if gap := markerGap(plan, to, 50); !strings.Contains(gap, want) || (want == "") != (gap == "") {
			t.Errorf("%+v: %q, want %q", to, gap, want)
		}
	}
}
