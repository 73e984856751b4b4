package postgres

import (
	"strings"
	"testing"

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
