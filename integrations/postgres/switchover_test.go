package postgres_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

// There and back and on to the third region, with the application writing and
// a probe that tries a write on every server all the while.
func TestSwitchover(t *testing.T) {
	lab := startLab(t)
	f, _ := openFleet(t, lab, 2*time.Second)
	running(t, f)
	writer, err := lab.StartWriter(regions.WriterOptions{})
	must(t, err)
	probe := lab.StartProbe()
	for _, to := range []string{"us-west-2", "us-east-1", "eu-west-1"} {
		before := writer.Counters().Acknowledged
		eventually(t, "500 rows acknowledged", func() bool { return writer.Counters().Acknowledged > before+500 })
		d := plan(t, lab, f, to)
		writer.ResetGap()
		d.steps("")
		after := writer.Counters().Acknowledged
		eventually(t, "100 more rows", func() bool { return writer.Counters().Acknowledged > after+100 })
		t.Logf("to %s: writers paused %d ms, by the evidence %s; steps %v", to, writer.Counters().LongestGapMS, d.gap().Round(time.Millisecond), d.took)
		t.Logf("evidence %v", d.evidence)
		topology := f.Observe(t.Context())
		if p, _ := topology.Primary(); p.Name != to || len(topology.Contradictions()) > 0 {
			t.Errorf("%s is the primary; %v", p.Name, topology.Contradictions())
		}
	}
	probe.Stop()
	writer.Stop()
	result, err := writer.Check(within(t, 10*time.Second))
	must(t, err)
	if len(result.Lost) > 0 || result.Found != result.Acknowledged {
		t.Errorf("%d of %d acknowledged rows are lost", len(result.Lost), result.Acknowledged)
	}
	t.Logf("%d rows acknowledged, none lost", result.Acknowledged)
	if two := probe.TwoWritable(); len(two) > 0 {
		t.Errorf("two primaries at once: %+v", two[0])
	}
}
