package deploy

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// tagShape is that of an image's tag, from the OCI distribution specification.
var tagShape = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// Plan plans a wish about releases on what the regions say now. It fails when
// there is nothing to plan; everything else that is wrong is a failed check.
func (d *Deployer) Plan(ctx context.Context, wish rapbot.Wish, t rapbot.Topology) (rapbot.Plan, error) {
	known := d.names()
	for _, r := range append(strings.Fields(wish.Regions), wish.Region) {
		if r != "" && !slices.Contains(known, r) {
			return rapbot.Plan{}, rapbot.Refuse(rapbot.Precondition, "rapbot has not been told how to reach the Kubernetes of "+r+".", "The regions that it can reach: "+strings.Join(known, ", ")+".")
		}
	}
	switch wish.Kind {
	case rapbot.Deploy:
		return d.planDeploy(ctx, wish, t)
	case rapbot.Rollback:
		return d.planRollback(ctx, wish, t)
	case rapbot.Restart:
		return d.planRestart(ctx, wish, t)
	case rapbot.Scale:
		return d.planScale(ctx, wish, t)
	}
	return rapbot.Plan{}, &rapbot.Error{Code: rapbot.Internal, What: "There is no plan for a " + string(wish.Kind) + "."}
}

func (d *Deployer) names() []string {
	var names []string
	for _, c := range d.Clusters.Clusters() {
		names = append(names, c.Region)
	}
	return names
}

// replicasFirst puts the regions into the order in which a change reaches them:
// what goes wrong goes wrong where nobody writes. Without a primary in sight it
// is the configured order.
func (d *Deployer) replicasFirst(t rapbot.Topology, wanted []string) []string {
	var order, last []string
	primary, one := t.Primary()
	for _, name := range d.names() {
		switch {
		case len(wanted) > 0 && !slices.Contains(wanted, name):
		case one && name == primary.Name:
			last = append(last, name)
		default:
			order = append(order, name)
		}
	}
	return append(order, last...)
}

func (d *Deployer) planDeploy(ctx context.Context, wish rapbot.Wish, t rapbot.Topology) (rapbot.Plan, error) {
	if !tagShape.MatchString(wish.Version) {
		return rapbot.Plan{}, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("%.60q is not the tag of an image.", wish.Version), "A tag is letters, digits, dots, hyphens and underscores: /rap deploy v2.4.1")
	}
	if wish.Install {
		return d.planInstall(ctx, wish, t)
	}
	var targets []target
	for _, name := range d.replicasFirst(t, strings.Fields(wish.Regions)) {
		targets = append(targets, target{name, rapbot.App})
	}
	set := []string{"image.tag=" + wish.Version}
	seen := d.look(ctx, t, targets, d.preview(false, func(target) []string { return set }))
	if all(targets, func(at target) bool { return seen.looks[at].unchanged() && seen.runs(at.region, wish.Version) }) {
		return rapbot.Plan{}, rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("%s runs %s already, and nothing else would change.", sentenceOf(targets), wish.Version), "See /rap status.")
	}
	p := d.begin(wish, seen)
	for _, at := range targets {
		d.add(&p, seen, at, rapbot.Step{Kind: rapbot.StepUpgrade, Title: "Upgrade " + at.region + " to " + wish.Version, Set: set}, wish.Version)
		p.Steps = append(p.Steps, d.gate(at.region))
	}
	return p, nil
}

func all(targets []target, holds func(target) bool) bool {
	return !slices.ContainsFunc(targets, func(at target) bool { return !holds(at) })
}

func sentenceOf(targets []target) string {
	if len(targets) == 1 {
		return targets[0].region
	}
	return "Every region"
}

// unchanged reports whether the release is there and nothing of it would change.
func (l look) unchanged() bool {
	return l.err == nil && l.preview.Release.Revision > 0 && l.preview.Objects == 0 && !l.preview.Release.Pending() && l.preview.Release.Status == deployed
}

// deployed is Helm's word for a revision that is in force.
const deployed = "deployed"

func (s Seen) runs(region, version string) bool {
	c, ok := s.cluster(region)
	return ok && c.Answered && c.App.Settled && c.App.Version == version
}

// begin is a plan without steps, with the checks that all of them share.
func (d *Deployer) begin(wish rapbot.Wish, s Seen) rapbot.Plan {
	return rapbot.Plan{Kind: wish.Kind, MadeAt: s.At, Asked: &wish, Checks: d.fleetChecks(s, wish)}
}

// add appends a step about a release, with its checks, what it changes and what
// it was decided upon.
func (d *Deployer) add(p *rapbot.Plan, s Seen, at target, step rapbot.Step, version string) {
	l := s.looks[at]
	now := l.preview.Release
	step.Region, step.Part, step.Deadline = at.region, at.part, d.Timeout
	if step.Kind == rapbot.StepUpgrade {
		step.Revision = now.Revision
	}
	switch {
	case now.Revision == 0:
		step.Undo = "uninstall " + at.part.Noun() + " from " + at.region + " (its data are kept)"
	default:
		step.Undo = fmt.Sprintf("put %s in %s back to revision %d (%s)", at.part.Noun(), at.region, now.Revision, now.Version)
	}
	p.Steps = append(p.Steps, step)
	p.Checks = append(p.Checks, d.releaseChecks(s, at)...)
	diff, longer := bounded(l.preview.Diff, d.MaxChanges)
	if now.Revision == 0 {
		diff, longer = "", false // all of it is new: how many objects it is says more
	}
	p.Changes = append(p.Changes, rapbot.ReleaseChange{
		Region: at.region, Part: at.part, Name: now.Name, Revision: now.Revision, From: now.Version, To: version,
		Objects: l.preview.Objects, Diff: diff, Longer: longer || diff != "" && l.preview.Truncated,
	})
	p.Basis = append(p.Basis, basis(at, l)...)
}

// basis is what an approval of a change to a release rests upon: which revision
// is there, and the very manifests that come.
func basis(at target, l look) []rapbot.Fact {
	name := string(at.part) + " of " + at.region
	if l.err != nil {
		return []rapbot.Fact{{Name: name, Value: "not known"}}
	}
	return []rapbot.Fact{
		{Name: name, Value: fmt.Sprintf("revision %d", l.preview.Release.Revision)},
		{Name: "manifests of " + name, Value: short(l.preview.Digest)},
	}
}

func short(digest string) string { return digest[:min(16, len(digest))] }

func bounded(s string, most int) (string, bool) {
	if len(s) <= most {
		return s, false
	}
	cut := strings.LastIndexByte(s[:most], '\n')
	return s[:max(0, cut)], true
}

func (d *Deployer) gate(region string) rapbot.Step {
	return rapbot.Step{
		Kind: rapbot.StepGate, Region: region, Part: rapbot.App, Deadline: 5*d.Soak + d.GiveUp,
		Title: fmt.Sprintf("Watch %s for %s", region, rapbot.Duration(d.Soak)),
	}
}
