package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// witnessTime is how long an API server may take to say what it sees.
const witnessTime = 2 * time.Second

// Witness is the API server of a region, as one that can tell whether the
// region's PostgreSQL lives; nil for a region without a cluster.
func (f *Fleet) Witness(ctx context.Context, region string) *rapbot.Witness {
	r, err := f.of(region)
	if err != nil {
		return nil
	}
	wait := patience(ctx, witnessTime)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	w := rapbot.Witness{Name: "its cluster"}
	s, err := r.stand(ctx)
	now := f.opt.Now()
	if err != nil {
		w.Says, w.Sees = rapbot.Dark, "its API server gives no answer: "+fault(err, wait)
		if last := r.memory.now(); !last.LastAnswer.IsZero() {
			w.Sees += fmt.Sprintf("; %s before it said that %s", rapbot.Duration(now.Sub(last.LastAnswer)), readiness(last.Database))
			if last.Database.Ready > 0 {
				w.At = last.LastAnswer
			}
		}
		return &w
	}
	running, err := s.running()
	switch {
	case err != nil:
		w.Says, w.Sees = rapbot.Dark, err.Error()
	case running && len(s.pods) == 0:
		w.Says, w.Sees = rapbot.Dark, "its pod is asked for and not there"
	case running:
		f.podWitness(ctx, r, s.pods[0], &w)
	default:
		w.Says, w.Sees = rapbot.Dead, "no pod of PostgreSQL is there, and none is asked for"
		if err := r.cleared(ctx, now); err != nil {
			w.Says, w.Sees = rapbot.Dark, what(err)
		}
	}
	return &w
}

func readiness(w rapbot.Workload) string {
	return fmt.Sprintf("%d of %d pods of PostgreSQL were ready", w.Ready, w.Desired)
}

// podWitness is what a pod and its node show. All of a pod's state is the word
// of its kubelet: on a node that is silent it is history.
func (f *Fleet) podWitness(ctx context.Context, r *region, p *corev1.Pod, w *rapbot.Witness) {
	node := r.nodeOf(ctx, p)
	if node.silent {
		w.Says, w.Sees, w.At = rapbot.Dark, fmt.Sprintf("its node %s is not ready since %s, and how %s fares there is not known", p.Spec.NodeName, clock(node.since), p.Name), node.since
		return
	}
	ready := podCondition(p, corev1.PodReady)
	switch s := mainStatus(p); {
	case s != nil && s.State.Running != nil && isReady(p):
		w.Says, w.Sees, w.At = rapbot.Alive, fmt.Sprintf("%s is ready on %s", p.Name, p.Spec.NodeName), f.opt.Now()
	case s != nil && s.State.Running != nil && ready != nil:
		w.Says, w.Sees, w.At = rapbot.Dark, fmt.Sprintf("%s runs on %s and is not ready since %s", p.Name, p.Spec.NodeName, clock(ready.LastTransitionTime.Time)), ready.LastTransitionTime.Time
	case s != nil && s.State.Running != nil:
		w.Says, w.Sees = rapbot.Dark, fmt.Sprintf("%s runs on %s, and no more is known", p.Name, p.Spec.NodeName)
	case node.unseen && p.Spec.NodeName != "":
		w.Says, w.Sees = rapbot.Dark, fmt.Sprintf("%s does not run by the last word of %s, and how that node is rapbot may not see", p.Name, p.Spec.NodeName)
	default:
		_, why := podTrouble(p)
		w.Says, w.Sees = rapbot.Dead, fmt.Sprintf("%s does not run", p.Name)
		if why != "" {
			w.Sees += ": " + bounded(why)
		}
	}
	if p.DeletionTimestamp != nil {
		w.Sees += "; it is being deleted"
	}
}

// nodeState is what is known of a pod's node.
type nodeState struct {
	unseen bool // rapbot may not look, or got no answer
	silent bool
	since  time.Time
}

func (r *region) nodeOf(ctx context.Context, p *corev1.Pod) nodeState {
	if p.Spec.NodeName == "" {
		return nodeState{}
	}
	n, err := r.CoreV1().Nodes().Get(ctx, p.Spec.NodeName, metav1.GetOptions{})
	if err != nil {
		return nodeState{unseen: true}
	}
	c := nodeCondition(n)
	if c == nil {
		return nodeState{silent: true, since: n.CreationTimestamp.Time}
	}
	return nodeState{silent: c.Status != corev1.ConditionTrue, since: c.LastTransitionTime.Time}
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

// what is an error's first beat, without its full stop.
func what(err error) string {
	var e *rapbot.Error
	if errors.As(err, &e) {
		return strings.TrimSuffix(e.What, ".")
	}
	return "no answer"
}
