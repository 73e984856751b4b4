package deploy

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// ready looks whether every pod of a part is as its release asks, and tells how
// far that has come. A pod that is in trouble for too long is not waited for.
func (d *Deployer) ready(ctx context.Context, run rapbot.StepRun, w *work, version string) (rapbot.Finding, error) {
	at := target{run.Step.Region, run.Step.Part}
	c := d.Clusters.ObserveCluster(ctx, at.region)
	if !c.Answered {
		return rapbot.Finding{}, &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("The Kubernetes of %s gives no answer: %s.", at.region, c.Fault)}
	}
	now := c.Of(at.part)
	keeping, err := d.keeping(ctx, at)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if keeping.By != "" && version == "" {
		// The cluster may still be all well with what it is to leave.
		r, err := d.Releases.Release(ctx, at.region, at.part)
		if err != nil {
			return rapbot.Finding{}, err
		}
		version = r.Version
	}
	if run.Progress != nil {
		run.Progress(int64(now.Renewed()), int64(now.Desired))
	}
	if now.Found && now.Settled && (version == "" || now.Version == version) && (keeping.By == "" || keeping.Settled) {
		evidence, err := d.revision(ctx, at)
		return rapbot.Finding{Holds: true, Detail: with(keeping, rapbot.Count(now.Ready, "pod", "pods")+" ready"), Evidence: evidence}, err
	}
	detail := fmt.Sprintf("%d of %s updated, %d ready", now.Updated, rapbot.Count(now.Desired, "pod", "pods"), now.Ready)
	if now.Trouble != "" {
		detail += ", " + now.Trouble
	}
	detail = with(keeping, detail)
	if !now.Stuck && !keeping.Stuck {
		w.troubled = d.Now()
		return rapbot.Finding{Detail: detail}, nil
	}
	if w.troubled.IsZero() {
		w.troubled = d.Now()
	}
	if patience := d.Now().Sub(w.troubled); patience >= d.GiveUp {
		return rapbot.Finding{Hopeless: fmt.Sprintf("%s in %s did not become ready: %s, for %s.", at.part.Noun(), at.region, detail, rapbot.Duration(patience))}, nil
	}
	return rapbot.Finding{Detail: detail}, nil
}

// with adds what a keeper says.
func with(k rapbot.Keeping, detail string) string {
	if k.By == "" {
		return detail
	}
	return detail + ", " + k.By + ": " + words(k)
}

// revision is the evidence of which revision is in force.
func (d *Deployer) revision(ctx context.Context, at target) (map[string]string, error) {
	r, err := d.Releases.Release(ctx, at.region, at.part)
	if err != nil {
		return nil, err
	}
	return map[string]string{rapbot.EvRevision + "." + at.region + "." + string(at.part): fmt.Sprint(r.Revision)}, nil
}

// putBack makes a release what it was at a revision and waits for its pods.
// Nothing is done to one that was never changed.
func (d *Deployer) putBack(ctx context.Context, run rapbot.StepRun, revision int) (rapbot.Finding, error) {
	at := target{run.Step.Region, run.Step.Part}
	w := d.workOf(run)
	if !w.reverted {
		now, err := d.Releases.Release(ctx, at.region, at.part)
		switch {
		case rapbot.ErrorCode(err) == rapbot.NotFound && revision == 0, err == nil && now.Revision == revision && !now.Pending():
			return rapbot.Finding{Holds: true, Detail: "it was not changed"}, nil
		case err != nil:
			return rapbot.Finding{}, err
		}
		if _, err := d.Releases.RollBack(ctx, at.region, at.part, revision); err != nil {
			return rapbot.Finding{}, err
		}
		w.reverted, w.troubled = true, d.Now()
	}
	if revision == 0 {
		return rapbot.Finding{Holds: true}, nil
	}
	finding, err := d.ready(ctx, run, w, "")
	if err == nil && !finding.Holds {
		err = &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("%s in %s is put back, and its pods are not ready yet: %s%s.", at.part.Noun(), at.region, finding.Detail, finding.Hopeless)}
	}
	return finding, err
}
