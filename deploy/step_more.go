package deploy

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// revert makes a release what it was at an earlier revision.
type revert struct{ *Deployer }

// Observe holds when the newest revision is such a going back and its pods are
// ready.
func (r revert) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	w := r.workOf(run)
	if !w.applied {
		r.noteErrors(ctx, run, w)
		p, err := r.Releases.PreviewRollBack(ctx, run.Step.Region, run.Step.Part, run.Step.Revision)
		if err != nil {
			return refused(err)
		}
		l := look{preview: p}
		if !l.unchanged() {
			return rapbot.Finding{Detail: "the release is not changed yet"}, nil
		}
		w.applied = true
	}
	return r.ready(ctx, run, w, "")
}

// Act goes back.
func (r revert) Act(ctx context.Context, run rapbot.StepRun) error {
	w := r.workOf(run)
	if w.applied {
		return nil // by a process before this one
	}
	if now := revisionNow(run); now > 0 {
		is, err := r.Releases.Release(ctx, run.Step.Region, run.Step.Part)
		if err != nil {
			return err
		}
		if !is.Pending() && is.Revision != now {
			return &rapbot.Error{Code: rapbot.Stale, What: fmt.Sprintf("The release %s in %s is at revision %d now; it was at %d when this was approved.", is.Name, is.Region, is.Revision, now)}
		}
	}
	if _, err := r.Releases.RollBack(ctx, run.Step.Region, run.Step.Part, run.Step.Revision); err != nil {
		return finalIfInvalid(err)
	}
	if len(run.Step.Set) > 0 {
		if _, err := r.Releases.Apply(ctx, upgrade(r).change(run)); err != nil {
			return finalIfInvalid(err)
		}
	}
	w.applied, w.troubled = true, r.Now()
	return nil
}

// Undo makes the release what it was before the rollback.
func (r revert) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	return r.putBack(ctx, run, revisionNow(run))
}

// revisionNow is the revision that the plan found.
func revisionNow(run rapbot.StepRun) int {
	for _, c := range run.Plan.Changes {
		if c.Region == run.Step.Region && c.Part == run.Step.Part {
			return c.Revision
		}
	}
	return 0
}

// restart replaces the pods of a part. The stamp on their template is the
// operation, so that a crash does not replace them twice.
type restart struct{ *Deployer }

func stamp(run rapbot.StepRun) string { return "operation-" + run.Operation }

// Observe holds when the pods carry the stamp and are ready.
func (r restart) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	c := r.Clusters.ObserveCluster(ctx, run.Step.Region)
	if !c.Answered {
		return rapbot.Finding{}, &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("The Kubernetes of %s gives no answer: %s.", run.Step.Region, c.Fault)}
	}
	if c.Of(run.Step.Part).Restart != stamp(run) {
		return rapbot.Finding{Detail: "its pods are not being replaced yet"}, nil
	}
	return r.ready(ctx, run, r.workOf(run), "")
}

// Act puts the stamp on.
func (r restart) Act(ctx context.Context, run rapbot.StepRun) error {
	return r.Workloads.Restart(ctx, run.Step.Region, run.Step.Part, stamp(run))
}

// Undo does nothing: a pod that was replaced is replaced.
func (r restart) Undo(context.Context, rapbot.StepRun) (rapbot.Finding, error) {
	return rapbot.Finding{Holds: true}, nil
}
