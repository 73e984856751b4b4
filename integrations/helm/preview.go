package helm

import (
	"context"

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

func (c *call) preview(history []*release.Release, sets []string) (rapbot.Preview, error) {
	p := rapbot.Preview{Release: rapbot.Release{Region: c.region, Part: c.part, Name: c.Release}}
	if len(history) > 0 {
		p.Release = c.tell(history[0])
	}
	if absent(history) {
		p.Release.Revision = 0
	}
	next, states, err := c.judge(history, sets)
	if err != nil {
		return p, err
	}
	was, err := objects(base(history))
	if err != nil {
		return p, c.fault(err, c.doing())
	}
	will, err := objects(next)
	if err != nil {
		return p, c.fault(err, c.doing())
	}
	p.Version = versionOf(next, effective(next))
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
