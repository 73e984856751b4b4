package deploy

import (
	"testing"

	"github.com/rap-analyzer/rapbot"
)

// Of a version that does not start, the bar shows nothing: the pods that are ready are the old ones.
func TestProgressCountsNewPods(t *testing.T) {
	d, p := keptFleet(rapbot.Keeping{})
	for i := range p.clusters {
		p.clusters[i].App = rapbot.Workload{Found: true, Version: "v3", Desired: 2, Pods: 3, Updated: 1, Ready: 2}
	}
	done, total := int64(-1), int64(-1)
	run := rapbot.StepRun{
		Operation: "1", Step: rapbot.Step{Kind: rapbot.StepUpgrade, Region: "us-west-2", Part: rapbot.App},
		Progress: func(d, t int64) { done, total = d, t },
	}
	f, err := d.ready(t.Context(), run, d.workOf(run), "v3")
	if err != nil || f.Holds || f.Detail != "1 of 2 pods updated, 2 ready" || done != 0 || total != 2 {
		t.Errorf("%+v, %v, %d of %d", f, err, done, total)
	}
}
