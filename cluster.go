package rapbot

import (
	"context"
	"time"
)

// Cluster is what one region's Kubernetes says of the region, as far as rapbot
// operates it.
type Cluster struct {
	Region     string    `json:"region"`
	At         time.Time `json:"at"` // when this was so, or when waiting for an answer ended
	Answered   bool      `json:"answered"`
	Fault      string    `json:"fault,omitempty"`      // why there is no answer, without secrets
	LastAnswer time.Time `json:"last_answer,omitzero"` // the newest answer up to At; what follows is as of then

	App      Workload `json:"app"`      // the application's Deployment
	Database Workload `json:"database"` // PostgreSQL's StatefulSet
	Host     string   `json:"host"`     // where the application's ConfigMap says that the database is
	Backup   Backup   `json:"backup"`
	GitOps   GitOps   `json:"gitops,omitzero"`
	Lacks    []Lack   `json:"lacks,omitempty"` // what a fleet that was installed by hand has not got
}

// Workload is a Deployment or a StatefulSet with its pods.
type Workload struct {
	Name    string `json:"name"`
	Found   bool   `json:"found"`
	Version string `json:"version"` // the tag of its image
	Desired int    `json:"desired"` // pods asked for
	Pods    int    `json:"pods"`    // pod objects there are, those that are being deleted included
	Updated int    `json:"updated"` // pods of the newest revision
	Ready   int    `json:"ready"`
	// Settled reports whether the controller has seen the newest specification
	// and everything is as it asks: all pods of the newest revision, ready, and none
	// besides.
	Settled bool   `json:"settled"`
	Restart string `json:"restart,omitempty"` // the stamp of the newest restart, see Workloads
	Trouble string `json:"trouble,omitempty"` // the worst that keeps a pod from being ready: "ImagePullBackOff: …"
	Stuck   bool   `json:"stuck,omitempty"`   // time alone does not mend that
}

// Renewed is how many pods are of the newest revision and ready, at the least:
// which of the ready ones are new is not known while there are old ones too.
func (w Workload) Renewed() int { return max(0, w.Updated+w.Ready-max(w.Pods, w.Updated, w.Ready)) }

// Of returns the workload of a part.
func (c Cluster) Of(p Part) Workload {
	if p == Database {
		return c.Database
	}
	return c.App
}

// Backup is the daily backup of a region's database.
type Backup struct {
	Found       bool      `json:"found"`
	Suspended   bool      `json:"suspended"`
	LastSuccess time.Time `json:"last_success,omitzero"` // zero: none is known
	LastRun     time.Time `json:"last_run,omitzero"`     // when one was begun last
	Running     bool      `json:"running"`
}

// GitOps is the Argo CD Application that keeps a region as a repository says;
// zero when there is none.
type GitOps struct {
	Application string `json:"application,omitempty"`
	Sync        string `json:"sync,omitempty"`   // Synced, OutOfSync, Unknown
	Health      string `json:"health,omitempty"` // Healthy, Progressing, Degraded…
	Version     string `json:"version,omitempty"`
}

// Lack is something that a region has not got, and what adds it.
type Lack struct {
	What string `json:"what"`
	Fix  string `json:"fix"` // a command that can be typed as it stands
}

// Clusters observes the regions' Kubernetes.
type Clusters interface {
	// Clusters answers from memory, at once, in configured order.
	Clusters() []Cluster
	// ObserveClusters asks every API server now, whatever the memory says. It
	// returns within the observation deadline whatever they do (R9).
	ObserveClusters(ctx context.Context) []Cluster
	// ObserveCluster asks one API server now.
	ObserveCluster(ctx context.Context, region string) Cluster
}

// Workloads acts on a region's pods outside of its releases. Errors as of
// Releases.
type Workloads interface {
	// Restart replaces the pods one after the other, by putting stamp on their
	// template. With the stamp that is there already nothing happens.
	Restart(ctx context.Context, region string, part Part, stamp string) error
	// Scale sets how many pods are asked for. It returns when the API server has
	// taken it, not when the pods are there or gone.
	Scale(ctx context.Context, region string, part Part, pods int) error
}
