package kubernetes

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// kind is one sort of objects that is watched, or listed where nothing streams.
type kind struct {
	name     string // for people and for gather
	required bool   // without it nothing can be said of the region
	object   runtime.Object
	source   cache.ListerWatcherWithContext
}

// What the kinds are called, which is what rapbot "may not list" otherwise.
const (
	kindDeployments  = "deployments"
	kindSets         = "statefulsets"
	kindAppPods      = "pods of the application"
	kindPods         = "pods of PostgreSQL"
	kindConfigMaps   = "configmaps"
	kindCronJobs     = "cronjobs"
	kindJobs         = "jobs"
	kindBudgets      = "poddisruptionbudgets"
	kindPolicies     = "networkpolicies"
	kindApplications = "applications of Argo CD"
)

// kinds are those of a region, with the Applications of Argo CD where there may
// be any. Objects that are known by name are asked for by name, so that a Role may
// allow those and no others.
func (r *region) kinds(argo bool) []kind {
	n, c := r.Names, r.clients
	named := func(name string) string { return fields.OneTermEqualSelector(metav1.ObjectNameField, name).String() }
	sets := metav1.ListOptions{}
	if n.StatefulSet != "" {
		sets.FieldSelector = named(n.StatefulSet)
	}
	kinds := []kind{
		{kindDeployments, true, &appsv1.Deployment{}, source(c, c.AppsV1().Deployments(n.Namespace), metav1.ListOptions{FieldSelector: named(n.Deployment)})},
		{kindSets, true, &appsv1.StatefulSet{}, source(c, c.AppsV1().StatefulSets(n.Namespace), sets)},
		{kindAppPods, true, &corev1.Pod{}, source(c, c.CoreV1().Pods(n.Namespace), metav1.ListOptions{LabelSelector: n.AppSelector})},
		{kindPods, true, &corev1.Pod{}, source(c, c.CoreV1().Pods(n.Namespace), metav1.ListOptions{LabelSelector: n.DatabaseSelector})},
		{kindConfigMaps, false, &corev1.ConfigMap{}, source(c, c.CoreV1().ConfigMaps(n.Namespace), metav1.ListOptions{FieldSelector: named(n.ConfigMap)})},
		{kindCronJobs, false, &batchv1.CronJob{}, source(c, c.BatchV1().CronJobs(n.Namespace), metav1.ListOptions{FieldSelector: named(n.CronJob)})},
		{kindJobs, false, &batchv1.Job{}, source(c, c.BatchV1().Jobs(n.Namespace), metav1.ListOptions{})},
		{kindBudgets, false, &policyv1.PodDisruptionBudget{}, source(c, c.PolicyV1().PodDisruptionBudgets(n.Namespace), metav1.ListOptions{})},
		{kindPolicies, false, &networkingv1.NetworkPolicy{}, source(c, c.NetworkingV1().NetworkPolicies(n.Namespace), metav1.ListOptions{})},
	}
	if argo {
		for _, namespace := range r.hostedNamespaces() {
			kinds = append(kinds, r.applicationKind(namespace))
		}
	}
	return kinds
}

var applications = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}

// applicationKind is the Argo CD Applications in one namespace of the region's
// cluster, which may be those of other regions.
func (r *region) applicationKind(namespace string) kind {
	example := &unstructured.Unstructured{}
	example.SetGroupVersionKind(schema.GroupVersionKind{Group: applications.Group, Version: applications.Version, Kind: "Application"})
	return kind{kindApplications, false, example, source(r.clients, r.dynamic.Resource(applications).Namespace(namespace), metav1.ListOptions{})}
}

// source makes a typed client into what an informer reads from.
func source[L runtime.Object](client any, typed interface {
	List(ctx context.Context, o metav1.ListOptions) (L, error)
	Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error)
}, only metav1.ListOptions,
) cache.ListerWatcherWithContext {
	narrow := func(o *metav1.ListOptions) { o.FieldSelector, o.LabelSelector = only.FieldSelector, only.LabelSelector }
	return cache.ToListerWatcherWithContext(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			narrow(&o)
			return typed.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			narrow(&o)
			return typed.Watch(ctx, o)
		},
	}, client))
}
