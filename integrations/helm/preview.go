package helm

import (
	"context"
	"fmt"

	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// Preview implements rapbot.Releases. Besides what the manifests say it shows
// what was changed in the cluster by hand and would be taken back. A namespace
// that is not there is made by Apply; until then the objects are judged as if
// they were for the namespace default.
func (h *Helm) Preview(ctx context.Context, change rapbot.Change) (rapbot.Preview, error) {
	return read(ctx, h, change.Region, change.Part, func(c *call) (rapbot.Preview, error) {
		history, err := c.history()
		if err != nil {
			return rapbot.Preview{}, err
		}
		if err := c.settled(history); err != nil {
			return rapbot.Preview{}, err
		}
		return c.preview(history, change.Set)
	})
}

// PreviewRollBack implements rapbot.Releases. Revision 0 previews what would be
// taken away.
func (h *Helm) PreviewRollBack(ctx context.Context, region string, part rapbot.Part, revision int) (rapbot.Preview, error) {
	return read(ctx, h, region, part, func(c *call) (rapbot.Preview, error) {
		history, err := c.history()
		if err != nil {
			return rapbot.Preview{}, err
		}
		if err := c.settled(history); err != nil {
			return rapbot.Preview{}, err
		}
		if revision == 0 {
			if len(history) == 0 {
				return rapbot.Preview{}, c.notInstalled()
			}
			return c.compare(history, &release.Release{Name: c.Release, Namespace: c.namespace}, nil)
		}
		next, err := c.at(history, revision)
		if err != nil {
			return rapbot.Preview{}, err
		}
		states, err := c.check(next)
		if err != nil {
			return rapbot.Preview{}, c.fault(err, c.doing())
		}
		return c.compare(history, next, states)
	})
}

// at is a revision of the history.
func (c *call) at(history []*release.Release, revision int) (*release.Release, error) {
	if len(history) == 0 {
		return nil, c.notInstalled()
	}
	for _, r := range history {
		if r.Version == revision {
			return r, nil
		}
	}
	return nil, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("%s in %s has no revision %d any more; the oldest is %d.",
		c.Release, c.region, revision, history[len(history)-1].Version), "Name one of its history.")
}

func (c *call) preview(history []*release.Release, sets []string) (rapbot.Preview, error) {
	next, states, err := c.judge(history, sets)
	if err != nil {
		return rapbot.Preview{}, err
	}
	return c.compare(history, next, states)
}

// compare tells what would become of a release if next came after its history.
func (c *call) compare(history []*release.Release, next *release.Release, states map[string]state) (rapbot.Preview, error) {
	p := rapbot.Preview{Release: rapbot.Release{Region: c.region, Part: c.part, Name: c.Release}, Version: versionOf(next, effective(next))}
	if len(history) > 0 {
		p.Release = c.tell(history[0])
	}
	if absent(history) {
		p.Release.Revision = 0
	}
	was, err := objects(base(history))
	if err != nil {
		return p, c.fault(err, c.doing())
	}
	will, err := objects(next)
	if err != nil {
		return p, c.fault(err, c.doing())
	}
	if p.Digest, err = digest(next, will); err != nil {
		return p, c.fault(err, c.doing())
	}
	all, err := manifest.Compare(was, will, c.namespace, c.hide)
	if err != nil {
		return p, c.fault(err, c.doing())
	}
	drift, err := c.drift(was, will, states)
	if err != nil {
		return p, c.fault(err, c.doing())
	}
	all = append(all, drift...)
	p.Objects = len(all)
	p.Diff, p.Truncated = manifest.Write(all)
	return p, nil
}

// judge makes the release that a change would lead to, and has the API server
// judge it. Its error is for the caller.
func (c *call) judge(history []*release.Release, sets []string) (*release.Release, map[string]state, error) {
	d, err := c.draft(base(history), sets)
	if err != nil {
		return nil, nil, err
	}
	c.hide.AddTelling(over(d.chart.Values, d.set))
	next, err := c.render(history, d)
	if next != nil {
		c.learn(next)
	}
	if err != nil {
		return nil, nil, c.fault(err, c.doing())
	}
	states, err := c.check(next)
	if err != nil {
		return nil, nil, c.fault(err, c.doing())
	}
	return next, states, nil
}

func (c *call) doing() string { return "The change of " + c.Release + " in " + c.region }

// drift lists the objects that a change leaves as they are in the release, while
// they are not like that in the cluster.
func (c *call) drift(was, will []manifest.Object, states map[string]state) ([]manifest.Difference, error) {
	before := map[string]manifest.Object{}
	for _, o := range was {
		before[o.ID()] = o
	}
	var out []manifest.Difference
	for _, o := range will {
		s, judged := states[o.ID()]
		old, there := before[o.ID()]
		if !judged || !there || !old.Equal(o) {
			continue
		}
		live, after := o, o
		live.Body, after.Body = s.live, s.after
		note := ", changed by hand"
		switch {
		case s.live == nil:
			note, after = ", deleted by hand", o
		case live.Equal(after):
			continue
		}
		d, err := manifest.Differ(live, after, c.namespace, note, c.hide)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
