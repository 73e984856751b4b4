package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/rap-analyzer/rapbot"
)

// planInstall makes an empty fleet a serving one: the primary's database first,
// since the others copy it; the applications when there is something that they
// can ask. What is there already is brought to the version and left otherwise.
func (d *Deployer) planInstall(ctx context.Context, wish rapbot.Wish, t rapbot.Topology) (rapbot.Plan, error) {
	if wish.Regions != "" {
		return rapbot.Plan{}, rapbot.Refuse(rapbot.Invalid, "A first installation is of the whole fleet.", "Leave the regions out: /rap deploy "+wish.Version+" --all")
	}
	regions := d.primaryFirst(t)
	var targets []target
	for _, part := range []rapbot.Part{rapbot.Database, rapbot.App} {
		for _, r := range regions {
			targets = append(targets, target{r, part})
		}
	}
	primary := target{regions[0], rapbot.Database}
	set := func(at target) []string {
		switch {
		case at.part == rapbot.App:
			return []string{"image.tag=" + wish.Version}
		case at == primary:
			return []string{"gate.quorum=0"} // nobody is there yet whom its boot gate could ask
		}
		return nil
	}
	seen := d.look(ctx, t, targets, d.preview(true, set))
	p := d.begin(wish, seen)
	for _, at := range targets {
		l := seen.looks[at]
		there := l.err == nil && l.preview.Release.Revision > 0
		if at.part == rapbot.Database && there {
			continue // a database that is there is not touched by a deploy
		}
		version := l.preview.Version
		verb := "Install "
		if there {
			verb = "Upgrade "
		}
		d.add(&p, seen, at, rapbot.Step{Kind: rapbot.StepUpgrade, Title: verb + at.part.Noun() + " in " + at.region, Set: set(at)}, version)
		p.Steps[len(p.Steps)-1].Deadline = 2 * d.Timeout // a replica copies the whole database
		if last := at == (target{regions[len(regions)-1], rapbot.Database}); last && slices.ContainsFunc(p.Steps, func(s rapbot.Step) bool { return s.Part == rapbot.Database && s.Region == primary.region }) {
			// From now on it opens only with a majority of the regions.
			p.Steps = append(p.Steps, rapbot.Step{
				Kind: rapbot.StepUpgrade, Region: primary.region, Part: rapbot.Database, Set: []string{"gate.quorum="}, Revision: 1, Deadline: d.Timeout, Optional: true,
				Title: fmt.Sprintf("Let PostgreSQL in %s start only with a majority from now on", primary.region),
			})
		}
	}
	return p, nil
}

// primaryFirst is the order of a first installation. With no primary in sight
// it is the region that is configured to be the first one.
func (d *Deployer) primaryFirst(t rapbot.Topology) []string {
	first := d.Primary
	if p, one := t.Primary(); one {
		first = p.Name
	}
	names := d.names()
	if i := slices.Index(names, first); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, first)
	}
	return names
}
