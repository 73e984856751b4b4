package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// standing is what an API server says of PostgreSQL at one moment, asked now
// and not remembered.
type standing struct {
	set  *appsv1.StatefulSet
	pods []*corev1.Pod
}

// stand asks for the StatefulSet and then for the pods. In this order, no pods
// of a set that asks for none, and whose controller has seen that, means that none
// will come by itself.
func (r *region) stand(ctx context.Context) (standing, error) {
	set, err := r.findSet(ctx)
	if err != nil {
		return standing{}, err
	}
	pods, err := r.CoreV1().Pods(r.Names.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return standing{}, err
	}
	s := standing{set: set}
	for i := range pods.Items {
		p := &pods.Items[i]
		if set != nil && controlledBy(p, set.UID) || r.hasSetsName(p.Name) {
			s.pods = append(s.pods, p)
		}
	}
	return s, nil
}

// hasSetsName reports whether a pod is called as one of PostgreSQL's would be,
// whoever controls it.
func (r *region) hasSetsName(pod string) bool {
	for _, name := range r.Names.sets() {
		if namedAfter(pod, name) {
			return true
		}
	}
	return false
}

// findSet finds PostgreSQL's StatefulSet; nil when there is none. Code Conflict
// when it cannot be told which it is.
func (r *region) findSet(ctx context.Context) (*appsv1.StatefulSet, error) {
	if name := r.Names.StatefulSet; name != "" {
		set, err := r.AppsV1().StatefulSets(r.Names.Namespace).Get(ctx, name, metav1.GetOptions{})
		if gone(err) {
			return nil, nil
		}
		return set, err
	}
	list, err := r.AppsV1().StatefulSets(r.Names.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var all []*appsv1.StatefulSet
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	found := setsAmong(r.Names, all)
	if len(found) > 1 {
		return nil, rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("%s has both %s.", r.Name, strings.Join(r.Names.sets(), " and ")), "Name PostgreSQL's StatefulSet in the configuration.")
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}

// missing is the answer where PostgreSQL is not installed.
func (r *region) missing(code rapbot.Code) error {
	return rapbot.Refuse(code, fmt.Sprintf("There is no StatefulSet %s in the namespace %s of %s.", strings.Join(r.Names.sets(), " or "), r.Names.Namespace, r.Name),
		"Install PostgreSQL there, or correct its name in the configuration.")
}

// running reports whether the server runs, or may at any moment. An error means
// that nobody can tell.
func (s standing) running() (bool, error) {
	switch {
	case len(s.pods) > 0:
		return true, nil // in whatever state: only the kubelet knows, and says it by taking the object away
	case s.set == nil:
		return false, errors.New("there is no StatefulSet")
	case !observed(s.set):
		return false, fmt.Errorf("the controller has not seen the newest specification of the StatefulSet %s", s.set.Name)
	case wanted(s.set.Spec.Replicas) > 0:
		return true, nil // its pod is about to be made
	}
	return false, nil
}

// doing says what the pods are at, for people.
func (s standing) doing() string {
	if len(s.pods) == 0 {
		return "no pod is there"
	}
	var said []string
	for _, p := range s.pods {
		words := strings.ToLower(string(p.Status.Phase))
		if p.Spec.NodeName != "" {
			words += " on " + p.Spec.NodeName
		}
		if p.DeletionTimestamp != nil {
			words += ", being deleted until " + p.DeletionTimestamp.UTC().Format("15:04:05 UTC")
		}
		if _, why := podTrouble(p); why != "" {
			words += ", " + bounded(why)
		}
		said = append(said, p.Name+" is "+words)
	}
	return strings.Join(said, "; ")
}
