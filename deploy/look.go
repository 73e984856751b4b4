package deploy

import (
	"context"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// target is one release that a plan is about.
type target struct {
	region string
	part   rapbot.Part
}

// Seen is what a plan about releases is made from.
type Seen struct {
	At       time.Time
	Topology rapbot.Topology
	Clusters []rapbot.Cluster
	looks    map[target]look
	kept     map[target]kept
}

// kept is what whoever keeps a release in Helm's place says of it.
type kept struct {
	rapbot.Keeping
	err error
}

// look is what was found out about one release.
type look struct {
	preview rapbot.Preview
	to      int // of a rollback: the revision
	err     error
}

func (s Seen) cluster(region string) (rapbot.Cluster, bool) {
	for _, c := range s.Clusters {
		if c.Region == region {
			return c, true
		}
	}
	return rapbot.Cluster{}, false
}

// ask finds out about one release.
type ask func(ctx context.Context, at target) look

// look asks for what a plan needs, all regions at once. A region that gives no
// answer is looked at in vain, and says so in its look.
func (d *Deployer) look(ctx context.Context, t rapbot.Topology, targets []target, each ask) Seen {
	ctx, cancel := context.WithTimeout(ctx, d.Deadline)
	defer cancel()
	s := Seen{At: t.At, Topology: t, looks: map[target]look{}, kept: map[target]kept{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	all.Go(func() { s.Clusters = d.Clusters.ObserveClusters(ctx) })
	for _, at := range targets {
		all.Go(func() {
			l := each(ctx, at)
			k, err := d.keeping(ctx, at)
			mu.Lock()
			defer mu.Unlock()
			s.looks[at], s.kept[at] = l, kept{k, err}
		})
	}
	all.Wait()
	return s
}

// keeping is zero for a release that Helm keeps.
func (d *Deployer) keeping(ctx context.Context, at target) (rapbot.Keeping, error) {
	if d.Keeper == nil {
		return rapbot.Keeping{}, nil
	}
	return d.Keeper.Keeping(ctx, at.region, at.part)
}

// preview asks what setting values would do; install says that what is not there
// is to be made.
func (d *Deployer) preview(install bool, set func(target) []string) ask {
	return func(ctx context.Context, at target) look {
		p, err := d.Releases.Preview(ctx, rapbot.Change{Region: at.region, Part: at.part, Set: set(at), Install: install})
		return look{preview: p, err: err}
	}
}
