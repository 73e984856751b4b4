package kubernetes

import (
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rap-analyzer/rapbot"
)

// The annotations of a pod template that a restart leaves. The second is
// kubectl's own, so that people find it where they look.
const (
	restartStamp    = "rapbot/restart"
	kubectlsRestart = "kubectl.kubernetes.io/restartedAt"
)

// app is the application's Deployment with its pods. Pods that have ended, an
// evicted one say, stay behind as objects and are nobody's any more.
func (o objects) app(n Names) rapbot.Workload {
	w := rapbot.Workload{Name: n.Deployment}
	d := o.deployment
	if d == nil {
		return w
	}
	var pods []*corev1.Pod
	for _, p := range o.appPods {
		if ofDeployment(p, d.Name) && !ended(p) {
			pods = append(pods, p)
		}
	}
	w.Found, w.Desired, w.Pods = true, wanted(d.Spec.Replicas), len(pods)
	w.Version, w.Restart = versionOf(mainContainer(d.Spec.Template.Spec, d.Name)), restartOf(d.Spec.Template)
	w.Updated, w.Ready = int(d.Status.UpdatedReplicas), countReady(pods)
	w.Settled = d.Status.ObservedGeneration >= d.Generation && int(d.Status.Replicas) == w.Desired && int(d.Status.AvailableReplicas) == w.Desired && w.Desired == w.Pods &&
		w.Updated == w.Desired && w.Ready == w.Desired
	if !w.Settled {
		w.Trouble, w.Stuck = trouble(pods)
	}
	if !w.Settled && w.Trouble == "" {
		w.Trouble = refusedPods(d)
		w.Stuck = w.Trouble != ""
	}
	return w
}

// refusedPods is why the controller cannot make pods, a quota for example.
func refusedPods(d *appsv1.Deployment) string {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return bounded(c.Reason + ": " + c.Message)
		}
	}
	return ""
}

// database is PostgreSQL's StatefulSet with its pods. Every pod object counts,
// also one that has ended: see Instance.
func (o objects) database(n Names) rapbot.Workload {
	w := rapbot.Workload{Name: strings.Join(n.sets(), " or ")}
	s, both := o.set()
	if s == nil {
		return w
	}
	pods := podsOf(s, o.pods)
	w.Name, w.Found, w.Desired, w.Pods = s.Name, true, wanted(s.Spec.Replicas), len(pods)
	w.Version, w.Restart = versionOf(mainContainer(s.Spec.Template.Spec, databaseContainers...)), restartOf(s.Spec.Template)
	for _, p := range pods {
		if p.Labels[appsv1.ControllerRevisionHashLabelKey] == s.Status.UpdateRevision {
			w.Updated++
		}
	}
	w.Ready = countReady(pods)
	w.Settled = observed(s) && w.Desired == w.Pods && w.Updated == w.Desired && w.Ready == w.Desired
	if !w.Settled {
		w.Trouble, w.Stuck = trouble(pods)
	}
	if both {
		w.Settled, w.Trouble = false, strings.Join(n.sets(), " and ")+" both exist: name PostgreSQL's in the configuration"
	}
	return w
}

// set is PostgreSQL's StatefulSet. Where there are two it is the one that asks
// for pods, the first of them otherwise, and both is true.
func (o objects) set() (set *appsv1.StatefulSet, both bool) {
	if len(o.sets) == 0 {
		return nil, false
	}
	set = o.sets[0]
	if len(o.sets) > 1 && wanted(set.Spec.Replicas) == 0 && wanted(o.sets[1].Spec.Replicas) > 0 {
		set = o.sets[1]
	}
	return set, len(o.sets) > 1
}

// observed reports that the controller has seen the newest specification.
func observed(s *appsv1.StatefulSet) bool { return s.Status.ObservedGeneration >= s.Generation }

// podsOf are the pods of a StatefulSet: those that it controls, and those that
// have a name of its own, which keep its pods from being made.
func podsOf(s *appsv1.StatefulSet, pods []*corev1.Pod) []*corev1.Pod {
	var mine []*corev1.Pod
	for _, p := range pods {
		if controlledBy(p, s.UID) || namedAfter(p.Name, s.Name) {
			mine = append(mine, p)
		}
	}
	return mine
}

var ordinal = regexp.MustCompile(`^-[0-9]+$`)

// namedAfter reports whether a pod has a name that a StatefulSet gives.
func namedAfter(pod, set string) bool {
	rest, is := strings.CutPrefix(pod, set)
	return is && ordinal.MatchString(rest)
}

func controlledBy(p *corev1.Pod, owner types.UID) bool {
	c := metav1.GetControllerOf(p)
	return c != nil && c.UID == owner
}

// ofDeployment goes by the name that a Deployment gives its ReplicaSets, which
// spares watching them.
func ofDeployment(p *corev1.Pod, deployment string) bool {
	c, hash := metav1.GetControllerOf(p), p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	return c != nil && c.Kind == "ReplicaSet" && hash != "" && c.Name == deployment+"-"+hash
}

func wanted(replicas *int32) int {
	if replicas == nil {
		return 1
	}
	return int(*replicas)
}

func ended(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

func countReady(pods []*corev1.Pod) (n int) {
	for _, p := range pods {
		if isReady(p) && p.DeletionTimestamp == nil {
			n++
		}
	}
	return n
}

func isReady(p *corev1.Pod) bool {
	c := podCondition(p, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

func podCondition(p *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	if i := slices.IndexFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind }); i >= 0 {
		return &p.Status.Conditions[i]
	}
	return nil
}

// databaseContainers are the names by which PostgreSQL's container is known
// among others.
var databaseContainers = []string{"postgresql", "postgres"}

// mainContainer is the one with one of these names, else the first.
func mainContainer(pod corev1.PodSpec, names ...string) *corev1.Container {
	for i := range pod.Containers {
		if slices.Contains(names, pod.Containers[i].Name) {
			return &pod.Containers[i]
		}
	}
	if len(pod.Containers) == 0 {
		return nil
	}
	return &pod.Containers[0]
}

// versionOf is the tag of an image, or the beginning of its digest.
func versionOf(c *corev1.Container) string {
	if c == nil {
		return ""
	}
	image, digest, _ := strings.Cut(c.Image, "@")
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		return image[colon+1:]
	}
	if algorithm, hex, is := strings.Cut(digest, ":"); is {
		return algorithm + ":" + hex[:min(12, len(hex))]
	}
	return "latest"
}

func restartOf(t corev1.PodTemplateSpec) string {
	if stamp := t.Annotations[restartStamp]; stamp != "" {
		return stamp
	}
	return t.Annotations[kubectlsRestart]
}
