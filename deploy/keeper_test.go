package deploy

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

// keeper is Argo CD on paper.
type keeper map[string]rapbot.Keeping

func (k keeper) Keeping(_ context.Context, region string, part rapbot.Part) (rapbot.Keeping, error) {
	if part == rapbot.Database {
		return rapbot.Keeping{}, nil
	}
	return k[region], nil
}

var content = rapbot.Keeping{By: "Argo CD", Says: "Synced, Healthy", Settled: true}

// kept is a fleet whose us-west-2 Argo CD keeps.
func keptFleet(k rapbot.Keeping) (*Deployer, *paper) {
	p := serving()
	d := deployer(p)
	d.Keeper = keeper{"us-west-2": k}
	return d, p
}

func TestKeeperIsAskedBeforeAPlan(t *testing.T) {
	busy := rapbot.Keeping{By: "Argo CD", Says: "OutOfSync, Healthy", Trouble: "its sync has failed: no", Fix: "Look at it."}
	off := rapbot.Keeping{By: "Argo CD", Says: "OutOfSync, Healthy", Idle: true, Trouble: "automated sync is off", Fix: "Turn it on."}
	for want, k := range map[string]rapbot.Keeping{
		"pass Synced, Healthy": content,
		"warn not all well before anything is changed: OutOfSync, Healthy; its sync has failed: no Look at it.": busy,
		"fail OutOfSync, Healthy; automated sync is off Turn it on.":                                            off,
	} {
		d, _ := keptFleet(k)
		p, err := d.Plan(t.Context(), rapbot.Wish{Kind: rapbot.Deploy, Version: "v2", Regions: "us-west-2 eu-west-1"}, rapbot.Topology{At: noon})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range p.Checks {
			if strings.HasPrefix(c.Name, "Argo CD") {
				got = append(got, strings.TrimSpace(string(c.Verdict)+" "+c.Detail+" "+c.Fix))
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What is not there is made by a first installation only.
func TestOnlyAnInstallationMakesWhatIsNotThere(t *testing.T) {
	p := empty()
	seen := map[bool]int{}
	d := deployer(p)
	d.Releases = &watching{paper: p, told: func(c rapbot.Change) { seen[c.Install]++ }}
	for _, wish := range []rapbot.Wish{{Kind: rapbot.Deploy, Version: "v2", Install: true}, {Kind: rapbot.Deploy, Version: "v2"}} {
		if _, err := d.Plan(t.Context(), wish, rapbot.Topology{At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	if seen[true] != 6 || seen[false] != 3 {
		t.Errorf("asked with and without: %v", seen)
	}
	for revision, install := range map[int]bool{0: true, 4: false} {
		run := rapbot.StepRun{Step: rapbot.Step{Kind: rapbot.StepUpgrade, Revision: revision}}
		if got := (upgrade{d}).change(run).Install; got != install {
			t.Errorf("a step from revision %d makes what is not there: %v", revision, got)
		}
	}
	if (upgrade{d}).change(rapbot.StepRun{Step: rapbot.Step{Kind: rapbot.StepPoint}}).Install {
		t.Error("pointing at a primary installs")
	}
}

// watching tells of every preview, one at a time.
type watching struct {
	*paper
	mu   sync.Mutex
	told func(rapbot.Change)
}

func (w *watching) Preview(ctx context.Context, c rapbot.Change) (rapbot.Preview, error) {
	w.mu.Lock()
	w.told(c)
	w.mu.Unlock()
	return w.paper.Preview(ctx, c)
}

// Pods that are ready are not enough where somebody else keeps the release.
func TestKeeperMustBeContent(t *testing.T) {
	run := rapbot.StepRun{Operation: "1", Step: rapbot.Step{Kind: rapbot.StepUpgrade, Region: "us-west-2", Part: rapbot.App, Set: []string{"image.tag=v1"}, Revision: 4}}
	for _, test := range []struct {
		keeping rapbot.Keeping
		holds   bool
		detail  string
	}{
		{content, true, "3 pods ready, Argo CD: Synced, Healthy"},
		{rapbot.Keeping{By: "Argo CD", Says: "OutOfSync, Healthy", Trouble: "ComparisonError: no"}, false, "3 of 3 pods updated, 3 ready, Argo CD: OutOfSync, Healthy; ComparisonError: no"},
		{rapbot.Keeping{}, true, "3 pods ready"},
	} {
		d, _ := keptFleet(test.keeping)
		f, err := d.ready(t.Context(), run, d.workOf(run), "v1")
		if err != nil || f.Holds != test.holds || f.Detail != test.detail {
			t.Errorf("%+v, %v; want %v %q", f, err, test.holds, test.detail)
		}
		worse, seen, err := gate{d}.worse(t.Context(), run)
		if err != nil || (worse == "") != test.holds {
			t.Errorf("the gate sees %q and %q, %v", worse, seen, err)
		}
	}
}

// What goes back has not gone back while the pods are still those of before: the
// cluster is changed only after the keeper has seen it.
func TestPutBackWaitsForItsOwnVersion(t *testing.T) {
	d, p := keptFleet(content)
	run := rapbot.StepRun{Operation: "1", Step: rapbot.Step{Kind: rapbot.StepUpgrade, Region: "us-west-2", Part: rapbot.App}}
	at := target{"us-west-2", rapbot.App}
	r := p.releases[at]
	r.Version = "v0"
	p.releases[at] = r
	if f, err := d.ready(t.Context(), run, d.workOf(run), ""); err != nil || f.Holds {
		t.Errorf("v1 runs, v0 was put back, and it is said to be there: %+v, %v", f, err)
	}
	p.clusters[1].App.Version = "v0"
	if f, err := d.ready(t.Context(), run, d.workOf(run), ""); err != nil || !f.Holds {
		t.Errorf("%+v, %v", f, err)
	}
}

// A keeper that is stuck has as long as pods that are.
func TestStuckKeeperIsGivenUp(t *testing.T) {
	d, _ := keptFleet(rapbot.Keeping{By: "Argo CD", Says: "Unknown, Healthy", Trouble: "ComparisonError: no", Stuck: true})
	run := rapbot.StepRun{Operation: "1", Step: rapbot.Step{Kind: rapbot.StepUpgrade, Region: "us-west-2", Part: rapbot.App}}
	w := d.workOf(run)
	w.troubled = noon.Add(-2 * d.GiveUp)
	f, err := d.ready(t.Context(), run, w, "v1")
	if err != nil || !strings.Contains(f.Hopeless, "Argo CD: Unknown, Healthy; ComparisonError: no, for 2 s.") {
		t.Errorf("%+v, %v", f, err)
	}
}

// Two changes by somebody else in a row are one revision to the keeper, and not
// what was approved all the same.
func TestChangedTwiceByOthers(t *testing.T) {
	d, p := keptFleet(content)
	run := rapbot.StepRun{
		Operation: "1", Step: rapbot.Step{Kind: rapbot.StepUpgrade, Title: "Upgrade", Region: "us-west-2", Part: rapbot.App, Set: []string{"image.tag=v2"}, Revision: 4},
		Plan: rapbot.Plan{Changes: []rapbot.ReleaseChange{{Region: "us-west-2", Part: rapbot.App, Revision: 4, From: "v0.9"}}},
	}
	if err := (upgrade{d}).Act(t.Context(), run); rapbot.ErrorCode(err) != rapbot.Stale || len(p.applied) > 0 {
		t.Errorf("%v, applied %v", err, p.applied)
	}
	run.Plan.Changes[0].From = "v1"
	if err := (upgrade{d}).Act(t.Context(), run); err != nil || len(p.applied) != 1 {
		t.Errorf("%v, applied %v", err, p.applied)
	}
}
