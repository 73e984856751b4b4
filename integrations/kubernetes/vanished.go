package kubernetes

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// vanished is a pod of PostgreSQL whose object went while its container ran.
// The kubelet takes the object away when the container has ended; this one was
// deleted by force, by somebody for whom its node was dark perhaps. The
// container may run on there, and take writes (R4).
type vanished struct {
	pod, node string
	at        time.Time
	grace     time.Duration // that it has to end on a node that is alive
}

// orphaned is how long a kubelet may take to notice that a container of its
// own has no pod any more.
const orphaned = time.Minute

// deleted is told of every pod of PostgreSQL that goes while it is watched.
func (r *region) deleted(o any, now time.Time) {
	p, is := o.(*corev1.Pod) // it is not when only an older state of it is known
	if !is || p.Spec.NodeName == "" || !runs(p) {
		return
	}
	if p.DeletionTimestamp != nil && isReady(p) {
		return // it was on its way out on a node that is alive
	}
	v := &vanished{pod: p.Name, node: p.Spec.NodeName, at: now, grace: orphaned}
	if p.Spec.TerminationGracePeriodSeconds != nil {
		v.grace += time.Duration(*p.Spec.TerminationGracePeriodSeconds) * time.Second
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.vanished = v
}

// runs reports whether PostgreSQL's container runs, by the last word of its
// kubelet.
func runs(p *corev1.Pod) bool {
	s := mainStatus(p)
	return s != nil && s.State.Running != nil
}

func mainStatus(p *corev1.Pod) *corev1.ContainerStatus {
	main := mainContainer(p.Spec, databaseContainers...)
	for i := range p.Status.ContainerStatuses {
		if main != nil && p.Status.ContainerStatuses[i].Name == main.Name {
			return &p.Status.ContainerStatuses[i]
		}
	}
	return nil
}

// cleared makes sure that nothing is left of a pod that vanished: its node does
// not exist any more, or has been alive for long enough since to have ended what
// has no pod. Code Unavailable: cannot tell.
func (r *region) cleared(ctx context.Context, now time.Time) error {
	r.mu.Lock()
	v := r.vanished
	r.mu.Unlock()
	if v == nil {
		return nil
	}
	node, err := r.CoreV1().Nodes().Get(ctx, v.node, metav1.GetOptions{})
	if gone(err) || err == nil && nodeReady(node) && aliveAfter(node, v.at.Add(v.grace)) && now.After(v.at.Add(v.grace)) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.vanished == v {
			r.vanished = nil
		}
		return nil
	}
	return &rapbot.Error{
		Code: rapbot.Unavailable,
		What: fmt.Sprintf("The pod %s in %s was deleted by force at %s, while its container ran on %s. Whether PostgreSQL still runs there is not known.", v.pod, r.Name, v.at.UTC().Format("15:04:05 UTC"), v.node),
		Now:  fmt.Sprintf("Make sure that the machine of %s is off. rapbot sees by itself when that node is gone, or has been back for a while, if it may get nodes; otherwise restart it, and it forgets what it saw.", v.node),
		Err:  err,
	}
}

func nodeReady(n *corev1.Node) bool {
	c := nodeCondition(n)
	return c != nil && c.Status == corev1.ConditionTrue
}

func nodeCondition(n *corev1.Node) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == corev1.NodeReady {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}

// aliveAfter reports that a kubelet has said something of its node since.
func aliveAfter(n *corev1.Node, at time.Time) bool {
	c := nodeCondition(n)
	return c != nil && c.LastHeartbeatTime.After(at)
}
