package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/rap-analyzer/rapbot"
)

// list asks for everything at once, whatever streams. Kinds that rapbot may
// not list are told apart from an API server that gives no answer.
func (r *region) list(ctx context.Context) (objects, error) {
	argo, err := r.hasArgo(ctx)
	if err != nil {
		return objects{}, err
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var trouble []error
	var denied []string
	listed := map[string][]runtime.Object{}
	for _, k := range r.kinds(argo) {
		all.Go(func() {
			items, err := k.list(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				listed[k.name] = items
			case !k.required && (apierrors.IsForbidden(err) || gone(err)):
				denied = append(denied, k.name)
			default:
				trouble = append(trouble, err)
			}
		})
	}
	all.Wait()
	if len(trouble) > 0 {
		return objects{}, trouble[0]
	}
	slices.Sort(denied)
	o := gather(r.Names, listed, denied)
	o.argo = argo
	return o, nil
}

func (k kind) list(ctx context.Context) ([]runtime.Object, error) {
	list, err := k.source.ListWithContext(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return meta.ExtractList(list)
}

// hasArgo reports whether the Applications of Argo CD of any region may stand in
// this cluster: only then are they asked for.
func (r *region) hasArgo(ctx context.Context) (bool, error) {
	if len(r.hosted) == 0 {
		return false, nil
	}
	return r.has(ctx, applications.GroupVersion().String())
}

// look asks one region for everything and remembers what came of it.
func (f *Fleet) look(asker context.Context, r *region) error {
	wait := patience(asker, f.opt.Timeout)
	ctx, cancel := context.WithTimeout(asker, wait)
	defer cancel()
	began := f.opt.Now()
	o, err := r.list(ctx)
	if errors.Is(asker.Err(), context.Canceled) {
		return asker.Err() // nobody waited for the answer, so there is nothing to learn from its absence
	}
	if err != nil {
		f.lost(r, began, err, wait)
		return err
	}
	r.noteArgo(o.argo)
	f.seen(r, began, o)
	return nil
}

// seen remembers an answer.
func (f *Fleet) seen(r *region, began time.Time, o objects) {
	hold(r, o)
	c := r.describe(o, f.opt.Now())
	c.GitOps = r.gitopsNow()
	f.keep(r, began, c)
}

// lost remembers that there was no answer.
func (f *Fleet) lost(r *region, began time.Time, err error, waited time.Duration) {
	f.keep(r, began, rapbot.Cluster{Region: r.Name, At: f.opt.Now(), Fault: fault(err, waited)})
}

// describe says what stands in a region. It asks nobody.
func (r *region) describe(o objects, at time.Time) rapbot.Cluster {
	c := rapbot.Cluster{Region: r.Name, At: at, Answered: true, App: o.app(r.Names), Database: o.database(r.Names), Backup: o.backup(), Lacks: r.lacks(o)}
	if o.config != nil {
		c.Host = bounded(o.config.Data[r.Names.HostKey])
	}
	return c
}

// patience is the time that is left, at most.
func patience(ctx context.Context, most time.Duration) time.Duration {
	if deadline, has := ctx.Deadline(); has {
		return max(0, min(most, time.Until(deadline)))
	}
	return most
}

// Clusters answers from memory, in configured order.
func (f *Fleet) Clusters() []rapbot.Cluster {
	var out []rapbot.Cluster
	for _, r := range f.regions {
		out = append(out, r.memory.now())
	}
	return out
}

// ObserveClusters asks every API server now, all at once, and waits for each
// until it answers or its time is over.
func (f *Fleet) ObserveClusters(ctx context.Context) []rapbot.Cluster {
	var all sync.WaitGroup
	for _, r := range f.regions {
		all.Go(func() { _ = f.look(ctx, r) }) // what came of it is in the memory
	}
	all.Wait()
	return f.Clusters()
}

// ObserveCluster asks one API server now. Of a region that has no cluster it
// says that.
func (f *Fleet) ObserveCluster(ctx context.Context, region string) rapbot.Cluster {
	r, err := f.of(region)
	if err != nil {
		return rapbot.Cluster{Region: region, At: f.opt.Now(), Fault: "no cluster is configured"}
	}
	_ = f.look(ctx, r) // what came of it is in the memory
	return r.memory.now()
}

// of finds a region. Code NotFound.
func (f *Fleet) of(name string) (*region, error) {
	for _, r := range f.regions {
		if r.Name == name {
			return r, nil
		}
	}
	return nil, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("No cluster is configured for %.63q.", name), "Name a region of the configuration that has a cluster.")
}
