package bot_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// clusters are the regions' Kubernetes in memory: releases with their history,
// pods that become ready one after the other, and API servers that can be dark.
type clusters struct {
	w     *world
	all   []*fakeCluster
	crash string // "during" or "after" the upgrade of a region: the bot dies
}

type fakeCluster struct {
	region  string
	dark    bool
	history []rapbot.Release // oldest first
	pods    []int            // asked for, by revision
	ready   int
	errors  float64 // part of requests that fail
	stamp   string
	host    string
	kept    bool // by Argo CD
	idle    bool // which does nothing by itself
	said    rapbot.Cluster
}

func newClusters(w *world) *clusters {
	c := &clusters{w: w}
	for _, r := range w.regions {
		c.all = append(c.all, &fakeCluster{
			region: r.name, ready: 3, pods: []int{3}, host: "db.us-east-1",
			history: []rapbot.Release{{Region: r.name, Part: rapbot.App, Name: "rap-analyzer-" + r.name, Chart: "rap-analyzer-2.0.0", Version: "v1", Revision: 1, Status: "deployed", At: start}},
		})
	}
	return c
}

func (c *clusters) of(region string) *fakeCluster {
	for _, f := range c.all {
		if f.region == region {
			return f
		}
	}
	panic("no cluster " + region)
}

func (f *fakeCluster) now() rapbot.Release { return f.history[len(f.history)-1] }

// broken is a version of which no pod becomes ready.
func (f *fakeCluster) broken() bool { return strings.Contains(f.now().Version, "bad") }

func (c *clusters) Clusters() []rapbot.Cluster {
	var out []rapbot.Cluster
	for _, f := range c.all {
		out = append(out, c.ObserveCluster(context.Background(), f.region))
	}
	return out
}

func (c *clusters) ObserveClusters(context.Context) []rapbot.Cluster { return c.Clusters() }

// ObserveCluster brings one more pod up at every look.
func (c *clusters) ObserveCluster(_ context.Context, region string) rapbot.Cluster {
	f := c.of(region)
	now := c.w.clock.Now()
	if f.dark {
		f.said.At, f.said.Answered, f.said.Fault = now, false, "no answer in 2 s"
		return f.said // as of its last answer
	}
	desired := f.pods[len(f.pods)-1]
	app := rapbot.Workload{Name: "rap-analyzer", Found: true, Version: f.now().Version, Desired: desired, Pods: desired, Updated: f.ready, Ready: f.ready, Restart: f.stamp}
	app.Settled = f.ready == desired && !f.now().Pending()
	if f.broken() {
		app.Trouble, app.Stuck = "ImagePullBackOff: Back-off pulling image", true
	} else if f.ready < desired {
		f.ready++
	}
	f.said = rapbot.Cluster{Region: region, At: now, Answered: true, LastAnswer: now, App: app, Host: f.host, Backup: rapbot.Backup{Found: true, LastSuccess: start.Add(-5 * time.Hour)}}
	return f.said
}

func unreachable(region string) error {
	return &rapbot.Error{Code: rapbot.Unavailable, What: "The Kubernetes of " + region + " gave no answer in 2 s."}
}

func (c *clusters) Restart(_ context.Context, region string, _ rapbot.Part, stamp string) error {
	if f := c.of(region); f.stamp != stamp {
		f.stamp, f.ready = stamp, 0
	}
	return nil
}

func (c *clusters) Scale(context.Context, string, rapbot.Part, int) error { return nil }

func (c *clusters) Release(_ context.Context, region string, _ rapbot.Part) (rapbot.Release, error) {
	f := c.of(region)
	if f.dark {
		return rapbot.Release{}, unreachable(region)
	}
	return f.now(), nil
}

func (c *clusters) History(_ context.Context, region string, _ rapbot.Part, limit int) ([]rapbot.Release, error) {
	f := c.of(region)
	if f.dark {
		return nil, unreachable(region)
	}
	var out []rapbot.Release
	for i := len(f.history) - 1; i >= 0 && len(out) < limit; i-- {
		out = append(out, f.history[i])
	}
	return out, nil
}

func (c *clusters) Values(context.Context, string, rapbot.Part) (map[string]string, error) {
	return map[string]string{"replicaCount": "3"}, nil
}

func (c *clusters) Preview(_ context.Context, change rapbot.Change) (rapbot.Preview, error) {
	f := c.of(change.Region)
	if f.dark {
		return rapbot.Preview{}, unreachable(change.Region)
	}
	p := rapbot.Preview{Release: f.now(), Version: f.now().Version, Digest: "same"}
	for _, s := range change.Set {
		name, value, _ := strings.Cut(s, "=")
		switch {
		case name == "image.tag" && strings.Contains(value, "invalid"):
			return rapbot.Preview{}, &rapbot.Error{Code: rapbot.Invalid, What: `Deployment/rap-analyzer is refused: image: Required value.`}
		case name == "image.tag" && value != f.now().Version:
			p.Version, p.Digest, p.Objects = value, "manifests of "+value, 1
			p.Diff = fmt.Sprintf("~ Deployment/rap-analyzer\n-        image: rap-analyzer:%s\n+        image: rap-analyzer:%s\n", f.now().Version, value)
			if f.kept {
				p.Diff = fmt.Sprintf("~ ApplicationSet/rap-analyzer in argocd\n@@ element of %s\n- version: %s\n+ version: %s\n", f.region, f.now().Version, value)
			}
		case name == "replicaCount" && value != fmt.Sprint(f.pods[len(f.pods)-1]):
			p.Digest, p.Objects = "pods "+value, 1
			p.Diff = fmt.Sprintf("~ Deployment/rap-analyzer\n-  replicas: %d\n+  replicas: %s\n", f.pods[len(f.pods)-1], value)
		}
	}
	return p, nil
}

func (c *clusters) PreviewRollBack(ctx context.Context, region string, part rapbot.Part, revision int) (rapbot.Preview, error) {
	return c.Preview(ctx, rapbot.Change{Region: region, Part: part, Set: []string{"image.tag=" + c.of(region).history[revision-1].Version}})
}

func (c *clusters) Apply(_ context.Context, change rapbot.Change) (rapbot.Release, error) {
	f := c.of(change.Region)
	if f.dark {
		return rapbot.Release{}, unreachable(change.Region)
	}
	if f.now().Pending() { // its holder was killed
		f.add(f.history[len(f.history)-2].Version, "Rollback to "+fmt.Sprint(f.now().Revision-1))
	}
	version := f.now().Version
	for _, s := range change.Set {
		if tag, is := strings.CutPrefix(s, "image.tag="); is {
			version = tag
		}
	}
	f.add(version, "Upgrade complete")
	for _, s := range change.Set {
		if n, is := strings.CutPrefix(s, "replicaCount="); is {
			_, _ = fmt.Sscan(n, &f.pods[len(f.pods)-1])
		}
	}
	c.w.clock.add(100 * time.Millisecond)
	if c.crash == "during "+change.Region {
		f.history[len(f.history)-1].Status = "pending-upgrade"
		c.crash = ""
		panic(crashed{})
	}
	if c.crash == "after "+change.Region {
		c.crash = ""
		panic(crashed{})
	}
	return f.now(), nil
}

// add makes a revision, whose pods are yet to come.
func (f *fakeCluster) add(version, words string) {
	f.history[len(f.history)-1].Status = "superseded"
	r := f.now()
	r.Version, r.Revision, r.Status, r.Words = version, r.Revision+1, "deployed", words
	f.history = append(f.history, r)
	f.pods = append(f.pods, f.pods[len(f.pods)-1])
	f.ready = 0
}

func (c *clusters) RollBack(_ context.Context, region string, _ rapbot.Part, revision int) (rapbot.Release, error) {
	f := c.of(region)
	if f.dark {
		return rapbot.Release{}, unreachable(region)
	}
	pods := f.pods[revision-1]
	f.add(f.history[revision-1].Version, fmt.Sprintf("Rollback to %d", revision))
	f.pods[len(f.pods)-1] = pods
	c.w.clock.add(100 * time.Millisecond)
	return f.now(), nil
}

func (c *clusters) errorRate(_ context.Context, region string) (float64, bool, error) {
	f := c.of(region)
	if strings.Contains(f.now().Version, "errors") {
		return 0.2, true, nil
	}
	return f.errors, true, nil
}

// Keeping is Argo CD's word of a region. Of a version with "unrendered" in it
// it makes nothing, and the pods stay as they were.
func (c *clusters) Keeping(_ context.Context, region string, part rapbot.Part) (rapbot.Keeping, error) {
	f := c.of(region)
	if !f.kept || part != rapbot.App {
		return rapbot.Keeping{}, nil
	}
	k := rapbot.Keeping{By: "Argo CD", Says: "Synced, Progressing", Idle: f.idle}
	switch {
	case f.idle:
		k.Says, k.Trouble = "OutOfSync, Healthy", "automated sync is off, so that it waits for somebody to sync"
		k.Fix = "Turn it on in the ApplicationSet's template (syncPolicy.automated), or sync by hand: `argocd app sync rap-analyzer-" + region + "`."
	case strings.Contains(f.now().Version, "unrendered"):
		k.Says, k.Trouble, k.Stuck = "Unknown, Healthy", "ComparisonError: helm template: no such value", true
	case f.ready == f.pods[len(f.pods)-1] && !f.broken():
		k.Says, k.Settled = "Synced, Healthy", true
	}
	return k, nil
}

// change is a play's "kubernetes:" line.
func (c *clusters) change(words string) error {
	f := strings.Fields(words)
	if len(f) < 2 {
		return fmt.Errorf("kubernetes: %q: too short", words)
	}
	switch f[0] {
	case "darken":
		c.of(f[1]).dark = true
	case "lighten":
		c.of(f[1]).dark = false
	case "keep": // by Argo CD
		c.of(f[1]).kept = true
	case "idle":
		c.of(f[1]).idle = true
	case "upgrade": // by somebody else, with Helm
		c.of(f[1]).add(f[2], "Upgrade complete")
		c.of(f[1]).ready = 3
	case "crash":
		c.crash = f[1] + " " + f[2]
	default:
		return fmt.Errorf("kubernetes: %q: no such change", words)
	}
	return nil
}
