package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// planRollback goes back, in every region that is asked for, to the newest
// revision that ran another version.
func (d *Deployer) planRollback(ctx context.Context, wish rapbot.Wish, t rapbot.Topology) (rapbot.Plan, error) {
	var targets []target
	for _, name := range d.replicasFirst(t, strings.Fields(wish.Regions)) {
		targets = append(targets, target{name, rapbot.App})
	}
	seen := d.look(ctx, t, targets, d.lookBack)
	p := d.begin(wish, seen)
	for _, at := range targets {
		l := seen.looks[at]
		if rapbot.ErrorCode(l.err) == rapbot.Precondition {
			if len(targets) == 1 {
				return rapbot.Plan{}, l.err
			}
			p.Checks = append(p.Checks, rapbot.Check{Name: "An earlier version in " + at.region, Verdict: rapbot.Warn, Detail: said(l.err) + "; it is left as it is"})
			continue
		}
		to := l.preview.Version
		step := rapbot.Step{Kind: rapbot.StepRevert, Title: fmt.Sprintf("Put %s back to %s, revision %d", at.region, to, l.to), Revision: l.to}
		if c, _ := seen.cluster(at.region); c.Host != "" {
			step.Set = []string{"database.host=" + c.Host} // the primary may have moved since that revision
		}
		d.add(&p, seen, at, step, to)
		p.Steps = append(p.Steps, d.gate(at.region))
	}
	if len(p.Changes) == 0 {
		return rapbot.Plan{}, rapbot.Refuse(rapbot.Precondition, "No region has run another version that its history remembers.", "To go to a version by name, type /rap deploy <version>.")
	}
	return p, nil
}

// lookBack looks for the newest good revision of another version.
func (d *Deployer) lookBack(ctx context.Context, at target) look {
	history, err := d.Releases.History(ctx, at.region, at.part, historyLooked)
	if err != nil {
		return look{err: err}
	}
	if r, found := earlier(history); found {
		p, err := d.Releases.PreviewRollBack(ctx, at.region, at.part, r.Revision)
		return look{preview: p, to: r.Revision, err: err}
	}
	return look{err: rapbot.Refuse(rapbot.Precondition, at.region+" has run no other version that its history remembers.", "To go to a version by name, type /rap deploy <version> "+at.region+".")}
}

// earlier is the newest revision of another version that was not taken back: a
// revision that is a rollback is what it went back to, and what lies between the
// two did not last.
func earlier(history []rapbot.Release) (rapbot.Release, bool) {
	for i := 0; i < len(history); i++ {
		r := history[i]
		if to, is := wentBackTo(r); is {
			j := slices.IndexFunc(history, func(r rapbot.Release) bool { return r.Revision == to })
			if j <= i {
				return rapbot.Release{}, false // Helm does not remember what it was any more
			}
			i = j - 1
			continue
		}
		if r.Version != history[0].Version && (r.Status == "superseded" || r.Status == deployed) {
			return r, true
		}
	}
	return rapbot.Release{}, false
}

// wentBackTo reads Helm's words of a revision that is a rollback.
func wentBackTo(r rapbot.Release) (revision int, is bool) {
	n, err := fmt.Sscanf(r.Words, "Rollback to %d", &revision)
	return revision, n == 1 && err == nil
}

// historyLooked is how many revisions are looked through for the version before.
const historyLooked = 10

// planScale sets how many pods the application has, in its release, so that the
// next deploy does not take it back. Where an autoscaler decides, it is told the
// least.
func (d *Deployer) planScale(ctx context.Context, wish rapbot.Wish, t rapbot.Topology) (rapbot.Plan, error) {
	at := target{wish.Region, rapbot.App}
	values, err := d.Releases.Values(ctx, at.region, at.part)
	if err != nil {
		return rapbot.Plan{}, err
	}
	auto := values["autoscaling.enabled"] == "true"
	set := []string{fmt.Sprintf("replicaCount=%d", wish.Pods)}
	if auto {
		set = append(set, fmt.Sprintf("autoscaling.minReplicas=%d", wish.Pods))
	}
	seen := d.look(ctx, t, []target{at}, d.preview(false, func(target) []string { return set }))
	if seen.looks[at].unchanged() {
		return rapbot.Plan{}, rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("%s is set to %s already.", at.region, rapbot.Count(wish.Pods, "pod", "pods")), "See /rap status "+at.region+".")
	}
	p := d.begin(wish, seen)
	step := rapbot.Step{Kind: rapbot.StepUpgrade, Title: fmt.Sprintf("Scale %s to %s", at.region, rapbot.Count(wish.Pods, "pod", "pods")), Set: set}
	d.add(&p, seen, at, step, seen.looks[at].preview.Release.Version)
	if auto {
		p.Checks = append(p.Checks, rapbot.Check{Name: "Autoscaler of " + at.region, Verdict: rapbot.Warn, Detail: "it may add more pods; this sets the least"})
	}
	if wish.Pods == 0 {
		p.Checks = append(p.Checks, rapbot.Check{Name: "Service in " + at.region, Verdict: rapbot.Warn, Detail: "with no pods the application there answers nobody"})
	}
	return p, nil
}

// planRestart replaces the pods of a part.
func (d *Deployer) planRestart(ctx context.Context, wish rapbot.Wish, t rapbot.Topology) (rapbot.Plan, error) {
	at := target{wish.Region, wish.Part}
	seen := d.look(ctx, t, []target{at}, func(ctx context.Context, at target) look {
		r, err := d.Releases.Release(ctx, at.region, at.part)
		return look{preview: rapbot.Preview{Release: r}, err: err}
	})
	p := d.begin(wish, seen)
	d.add(&p, seen, at, rapbot.Step{Kind: rapbot.StepRestart, Title: "Replace the pods of " + at.part.Noun() + " in " + at.region}, seen.looks[at].preview.Release.Version)
	p.Steps[0].Undo = "" // what has been replaced has been
	if r, ok := t.Region(wish.Region); ok && wish.Part == rapbot.Database && r.Role == rapbot.Primary {
		p.Checks = append(p.Checks, rapbot.Check{Name: "Writes", Verdict: rapbot.Warn, Detail: wish.Region + " is the primary: nothing accepts writes until it is back; a switchover first pauses them for a second only"})
	}
	return p, nil
}
