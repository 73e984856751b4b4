package kubernetes

import (
	"cmp"
	"context"
	"time"

	"go.uber.org/zap"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
)

// RegionConfig is one region's cluster.
type RegionConfig struct {
	Name string // rapbot's: us-east-1

	// Rest is how its API server is reached, see Load.
	Rest *rest.Config
	// Context is what kubectl and helm call it, for the commands that people are
	// shown. Empty: the commands name none.
	Context string

	Names  Names
	GitOps GitOps

	// SetRole writes down, where PostgreSQL's entrypoint reads it when it starts,
	// as what the server is to start. It may ask for the pod as well. It is called
	// before every start, also of a server that runs.
	SetRole func(ctx context.Context, role rapbot.Role) error
	// StartTimeout and StopTimeout are how long the server's container may take to
	// run and to be gone; two and three minutes when zero. A pod that may take
	// longer to end gets its terminationGracePeriodSeconds and half a minute.
	StartTimeout, StopTimeout time.Duration

	Volume VolumeConfig
}

// Names is how things are called in a cluster. What is empty is called as in
// the multi-region guide.
type Names struct {
	Namespace  string // rap-analyzer
	Deployment string // of the application: rap-analyzer
	// StatefulSet is PostgreSQL's. Empty: postgresql-primary or
	// postgresql-replica, whichever exists.
	StatefulSet string
	ConfigMap   string // of the application: rap-analyzer-config
	HostKey     string // in the ConfigMap, where the database is: DATABASE_HOST
	CronJob     string // of the backup: postgresql-backup

	AppSelector      string // labels of the application's pods: app=rap-analyzer
	DatabaseSelector string // labels of PostgreSQL's pods: app=postgresql

	AppRelease      string // Helm's: rap-analyzer-<region>
	DatabaseRelease string // Helm's: postgresql-<region>
}

func (n Names) filled(region string) Names {
	n.Namespace = cmp.Or(n.Namespace, "rap-analyzer")
	n.Deployment = cmp.Or(n.Deployment, "rap-analyzer")
	n.ConfigMap = cmp.Or(n.ConfigMap, "rap-analyzer-config")
	n.HostKey = cmp.Or(n.HostKey, "DATABASE_HOST")
	n.CronJob = cmp.Or(n.CronJob, "postgresql-backup")
	n.AppSelector = cmp.Or(n.AppSelector, "app=rap-analyzer")
	n.DatabaseSelector = cmp.Or(n.DatabaseSelector, "app=postgresql")
	n.AppRelease = cmp.Or(n.AppRelease, "rap-analyzer-"+region)
	n.DatabaseRelease = cmp.Or(n.DatabaseRelease, "postgresql-"+region)
	return n
}

// sets are the names that PostgreSQL's StatefulSet may have.
func (n Names) sets() []string {
	if n.StatefulSet != "" {
		return []string{n.StatefulSet}
	}
	return []string{"postgresql-primary", "postgresql-replica"}
}

// GitOps is the Argo CD Application of a region, if there is one.
type GitOps struct {
	Region      string // in whose cluster it stands; empty: in the region's own
	Namespace   string // argocd
	Application string // the name of the application's release
}

// VolumeConfig is how a region's data are reached while its server is stopped.
type VolumeConfig struct {
	// Command runs volume.sh in PostgreSQL's container: its words, before the
	// verb. Empty: /bin/sh and the volume.sh that lies beside the script that
	// the StatefulSet's container is started by.
	Command []string
	// Env comes on top of the container's own environment.
	Env map[string]string
	// Sources are the addresses, as host:port, under which this region reaches
	// the servers of the regions.
	Sources map[string]string

	Timeout     time.Duration // for Divergence; two minutes when zero
	CopyTimeout time.Duration // for Rewind and Rebuild each; twelve hours when zero
}

// Options say how the clusters are observed. Their zero value will do.
type Options struct {
	Every   time.Duration // between two questions to the same API server; one second
	Timeout time.Duration // for an answer; two seconds
	Now     func() time.Time
	Log     *zap.Logger
}

func (o Options) filled() Options {
	o.Every = cmp.Or(o.Every, time.Second)
	o.Timeout = cmp.Or(o.Timeout, 2*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return o
}

func (c RegionConfig) filled() RegionConfig {
	c.Names = c.Names.filled(c.Name)
	c.GitOps.Region = cmp.Or(c.GitOps.Region, c.Name)
	c.GitOps.Namespace = cmp.Or(c.GitOps.Namespace, "argocd")
	c.GitOps.Application = cmp.Or(c.GitOps.Application, c.Names.AppRelease)
	c.StartTimeout = cmp.Or(c.StartTimeout, 2*time.Minute)
	c.StopTimeout = cmp.Or(c.StopTimeout, 3*time.Minute)
	c.Volume.Timeout = cmp.Or(c.Volume.Timeout, 2*time.Minute)
	c.Volume.CopyTimeout = cmp.Or(c.Volume.CopyTimeout, 12*time.Hour)
	return c
}
