package deploy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// gate watches a region after its change, before the next one is touched. It
// holds when nothing has been worse than before for the whole time, and is
// hopeless when something has been for as long.
type gate struct{ *Deployer }

// Observe looks once.
func (g gate) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	w, now := g.workOf(run), g.Now()
	worse, seen, err := g.worse(ctx, run)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if worse != "" {
		w.fine = time.Time{}
		if w.troubled.IsZero() {
			w.troubled = now
		}
		if now.Sub(w.troubled) >= g.Soak {
			return rapbot.Finding{Hopeless: run.Step.Region + " does worse than before: " + worse + "."}, nil
		}
		return rapbot.Finding{Detail: worse}, nil
	}
	w.troubled = time.Time{}
	if w.fine.IsZero() {
		w.fine = now
	}
	left := g.Soak - now.Sub(w.fine)
	if left <= 0 {
		return rapbot.Finding{Holds: true, Detail: seen}, nil
	}
	return rapbot.Finding{Detail: "another " + rapbot.Duration(left) + ", " + seen}, nil
}

// Act has nothing to do: time passes by itself.
func (g gate) Act(context.Context, rapbot.StepRun) error { return nil }

// Undo has nothing to undo.
func (g gate) Undo(context.Context, rapbot.StepRun) (rapbot.Finding, error) {
	return rapbot.Finding{Holds: true}, nil
}

// worse says what is worse than before, and otherwise what was looked at.
func (g gate) worse(ctx context.Context, run rapbot.StepRun) (worse, seen string, err error) {
	region := run.Step.Region
	c := g.Clusters.ObserveCluster(ctx, region)
	if !c.Answered {
		return "", "", &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("The Kubernetes of %s gives no answer: %s.", region, c.Fault)}
	}
	var bad []string
	good := []string{fmt.Sprintf("%d of %s ready", c.App.Ready, rapbot.Count(c.App.Desired, "pod", "pods"))}
	if !c.App.Settled {
		bad = append(bad, strings.TrimSuffix(good[0]+", "+c.App.Trouble, ", "))
	}
	keeping, err := g.keeping(ctx, target{region, rapbot.App})
	switch {
	case err != nil:
		return "", "", err
	case keeping.By != "" && !keeping.Settled:
		bad = append(bad, keeping.By+": "+words(keeping))
	case keeping.By != "":
		good = append(good, keeping.By+": "+keeping.Says)
	}
	if r, ok := g.Topology().Region(region); ok && r.Role == rapbot.Replica && r.Lag.Known && r.Lag.Time > g.MaxLag {
		bad = append(bad, fmt.Sprintf("its replica is %s behind", rapbot.Duration(r.Lag.Time)))
	}
	bad, good = g.errors(ctx, run, bad, good)
	return strings.Join(bad, "; "), strings.Join(good, ", "), nil
}

// errors holds the rate of failing requests against what it was before.
func (g gate) errors(ctx context.Context, run rapbot.StepRun, bad, good []string) (worse, fine []string) {
	if g.ErrorRate == nil {
		return bad, append(good, "errors are not counted here")
	}
	rate, known, err := g.ErrorRate(ctx, run.Step.Region)
	switch before := g.before(run); {
	case err != nil:
		return append(bad, "the error rate cannot be asked: "+said(err)), good
	case !known:
		return bad, append(good, "no requests")
	case rate > before+g.WorseBy:
		return append(bad, fmt.Sprintf("%.1f %% of its requests fail, %.1f %% did before", 100*rate, 100*before)), good
	default:
		return bad, append(good, fmt.Sprintf("%.1f %% of its requests fail", 100*rate))
	}
}

// noteErrors remembers how things were before a region is changed.
func (d *Deployer) noteErrors(ctx context.Context, run rapbot.StepRun, w *work) {
	if d.ErrorRate == nil || w.hadBefore {
		return
	}
	if rate, known, err := d.ErrorRate(ctx, run.Step.Region); err == nil && known {
		w.before, w.hadBefore = rate, true
	}
}

// before is the error rate before the region's change. A new process does not
// know it and takes it for none, so that it rather turns back than goes on.
func (d *Deployer) before(run rapbot.StepRun) float64 {
	for _, s := range run.Plan.Steps {
		if s.Region == run.Step.Region && (s.Kind == rapbot.StepUpgrade || s.Kind == rapbot.StepRevert) {
			of := run
			of.Step = s
			return d.workOf(of).before
		}
	}
	return 0
}
