package kubernetes

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// objects are what stands in a cluster at one moment, as far as it concerns
// rapbot.
type objects struct {
	deployment *appsv1.Deployment
	sets       []*appsv1.StatefulSet // those with a name that PostgreSQL's may have
	appPods    []*corev1.Pod
	pods       []*corev1.Pod
	config     *corev1.ConfigMap
	cronJob    *batchv1.CronJob
	jobs       []*batchv1.Job
	budgets    []*policyv1.PodDisruptionBudget
	policies   []*networkingv1.NetworkPolicy
	apps       []*unstructured.Unstructured
	argo       bool     // the cluster knows Applications of Argo CD, and some of rapbot's may stand there
	denied     []string // the kinds that rapbot may not list
}

// gather sorts what was listed, by kind. Selectors have narrowed it already,
// but a fake server may not know them.
func gather(n Names, listed map[string][]runtime.Object, denied []string) objects {
	o := objects{
		appPods: typed[*corev1.Pod](listed[kindAppPods]), pods: typed[*corev1.Pod](listed[kindPods]),
		jobs: typed[*batchv1.Job](listed[kindJobs]), budgets: typed[*policyv1.PodDisruptionBudget](listed[kindBudgets]),
		policies: typed[*networkingv1.NetworkPolicy](listed[kindPolicies]), apps: typed[*unstructured.Unstructured](listed[kindApplications]),
		denied: denied,
	}
	o.deployment = called(typed[*appsv1.Deployment](listed[kindDeployments]), n.Deployment)
	o.config = called(typed[*corev1.ConfigMap](listed[kindConfigMaps]), n.ConfigMap)
	o.cronJob = called(typed[*batchv1.CronJob](listed[kindCronJobs]), n.CronJob)
	o.sets = setsAmong(n, typed[*appsv1.StatefulSet](listed[kindSets]))
	return o
}

// setsAmong are the StatefulSets that may be PostgreSQL's, in the order of
// their names in n.
func setsAmong(n Names, all []*appsv1.StatefulSet) []*appsv1.StatefulSet {
	var found []*appsv1.StatefulSet
	for _, name := range n.sets() {
		if set := called(all, name); set != nil {
			found = append(found, set)
		}
	}
	return found
}

func typed[T runtime.Object](all []runtime.Object) []T {
	var out []T
	for _, o := range all {
		if t, is := o.(T); is {
			out = append(out, t)
		}
	}
	return out
}

func called[T interface{ GetName() string }](all []T, name string) (found T) {
	if i := slices.IndexFunc(all, func(o T) bool { return o.GetName() == name }); i >= 0 {
		found = all[i]
	}
	return found
}
