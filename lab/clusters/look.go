package clusters

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/kubernetes"
	"github.com/rap-analyzer/rapbot/lab/line"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// patience is how long a server may take to answer before it counts as silent.
const patience = 500 * time.Millisecond

// What a region's server is, beside regions.Running and regions.Stopped: its
// StatefulSet has no replicas.
const (
	absent   regions.State = "absent"   // nothing is installed
	starting regions.State = "starting" // its pod is not ready, or the boot gate holds it
	unseen   regions.State = "unseen"   // it gives no answer, and nothing says that it does not run
)

// view is a region in GET /lab/fleet.
type view struct {
	regions.RegionStatus
	API  string   `json:"api"`            // of its Kubernetes: answers or frozen
	Pods []string `json:"pods,omitempty"` // "rap-analyzer v1, 2 of 2 ready"
	Acts []string `json:"acts"`           // what POST /lab/break takes for it now
}

// look asks all regions at once.
func (f *Fleet) look(ctx context.Context) []view {
	all := make([]view, len(f.Lab.Regions()))
	var asked sync.WaitGroup
	for n, r := range f.Lab.Regions() {
		asked.Go(func() { all[n] = f.lookAt(ctx, r) })
	}
	asked.Wait()
	lines := make([]*regions.RegionStatus, len(all))
	for n := range all {
		lines[n] = &all[n].RegionStatus
	}
	regions.Compare(lines)
	return all
}

func (f *Fleet) lookAt(ctx context.Context, r *kubernetes.Region) view {
	dark := f.Line(kubernetes.Outside, r.Name).Traffic().State != line.OK
	v := view{RegionStatus: regions.RegionStatus{Name: r.Name, Role: "unknown", State: unseen, Dark: &dark}, API: "answers"}
	if r.Frozen() {
		v.API = "frozen"
	} else {
		f.lookAtPods(ctx, r, &v)
	}
	if o, err := f.observe(ctx, r.Name); err == nil {
		v.State = regions.Running
		v.Take(o)
	}
	v.Acts = acts(v)
	return v
}

// lookAtPods reads what the region's own Kubernetes says, past all lines.
func (f *Fleet) lookAtPods(ctx context.Context, r *kubernetes.Region, v *view) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sets, err := r.Client.AppsV1().StatefulSets(Namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		v.Error = err.Error()
		return
	}
	v.State = absent
	for _, s := range sets.Items {
		if s.Name != servers[r.Name] {
			continue
		}
		switch {
		case *s.Spec.Replicas == 0:
			v.State = regions.Stopped
		case s.Status.ReadyReplicas == 0:
			v.State = starting
		default:
			v.State = unseen
		}
		v.Pods = append(v.Pods, fmt.Sprintf("%s, %d of %d ready", s.Name, s.Status.ReadyReplicas, *s.Spec.Replicas))
	}
	apps, err := r.Client.AppsV1().Deployments(Namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		v.Error = err.Error()
		return
	}
	for _, d := range apps.Items {
		_, version, _ := strings.Cut(d.Spec.Template.Spec.Containers[0].Image, ":")
		v.Pods = append(v.Pods, fmt.Sprintf("%s %s, %d of %d ready", d.Name, version, d.Status.ReadyReplicas, *d.Spec.Replicas))
	}
}

// observe asks a server as rapbot, whose sessions nobody has to end before a switchover.
func (f *Fleet) observe(ctx context.Context, region string) (regions.Observation, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, f.dsn(region, "rapbot", "postgresql-rapbot")+"&application_name=lab")
	if err != nil {
		return regions.Observation{}, err
	}
	defer conn.Close(ctx)
	return regions.Look(ctx, conn)
}
