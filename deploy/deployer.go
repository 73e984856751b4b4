package deploy

import (
	"context"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Ports is what a Deployer works with.
type Ports struct {
	Clusters  rapbot.Clusters
	Workloads rapbot.Workloads
	Releases  rapbot.Releases
	Keeper    rapbot.Keeper          // who keeps releases in Helm's place; nil when nobody does
	Topology  func() rapbot.Topology // from memory
	// ErrorRate is the part of the application's requests in a region that failed
	// lately, 0 to 1; known is false when there were none. Nil when nobody counts.
	ErrorRate func(ctx context.Context, region string) (rate float64, known bool, err error)
	Now       func() time.Time
}

// Settings bound a deploy. All fields are needed.
type Settings struct {
	Timeout    time.Duration // for one region's pods to become ready
	GiveUp     time.Duration // how long a pod may be in trouble before its region has failed
	Soak       time.Duration // how long a region is watched before the next one
	WorseBy    float64       // by how much its error rate may rise meanwhile, 0.01 for one request in a hundred
	MaxLag     time.Duration // of a replica, else a plan warns
	Deadline   time.Duration // for all previews of a plan together
	Primary    string        // the region that is to be the primary of an empty fleet
	MaxChanges int           // characters of a diff that are kept; what is longer is cut
}

// Deployer plans for the regions that have a cluster, and carries the steps out.
type Deployer struct {
	Ports
	Settings

	mu      sync.Mutex
	working map[string]*work // by operation and step; only to spare asking again
}

// work is what is remembered of a step while it is carried out. A new process
// begins without and finds out again.
type work struct {
	applied   bool      // the release is as it should be
	reverted  bool      // it was put back
	troubled  time.Time // since when something has been wrong
	fine      time.Time // since when nothing has
	before    float64   // error rate when the step began
	hadBefore bool
}

// New makes a Deployer. It asks nobody anything yet.
func New(p Ports, s Settings) *Deployer {
	return &Deployer{Ports: p, Settings: s, working: map[string]*work{}}
}

// Doers carry out the steps of plans about releases.
func (d *Deployer) Doers() map[rapbot.StepKind]rapbot.Doer {
	return map[rapbot.StepKind]rapbot.Doer{
		rapbot.StepUpgrade: upgrade{d},
		rapbot.StepRevert:  revert{d},
		rapbot.StepGate:    gate{d},
		rapbot.StepRestart: restart{d},
		rapbot.StepPoint:   point{d},
	}
}

// Memory is what the regions' clusters were last seen to be.
func (d *Deployer) Memory() []rapbot.Cluster { return d.Clusters.Clusters() }

// Observe asks every region's cluster now.
func (d *Deployer) Observe(ctx context.Context) []rapbot.Cluster {
	return d.Clusters.ObserveClusters(ctx)
}

func (d *Deployer) workOf(run rapbot.StepRun) *work {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := run.Operation + " " + string(run.Step.Kind) + " " + run.Step.Title
	if d.working[key] == nil {
		d.working[key] = &work{}
	}
	return d.working[key]
}
