package argocd

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

var (
	version      = schema.GroupVersion{Group: "argoproj.io", Version: "v1alpha1"}
	sets         = version.WithResource("applicationsets")
	applications = version.WithResource("applications")
)

// within runs one call and comes back when its deadline has passed, whatever
// hangs: a program that is to fetch credentials knows no deadline.
func within[T any](ctx context.Context, a *Argo, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		defer cancel()
		value, err := do(ctx)
		done <- answer{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		select {
		case got := <-done: // it ended at the same moment
			return got.value, got.err
		default:
		}
		var none T
		return none, ctx.Err()
	}
}

func (a *Argo) of(kind schema.GroupVersionResource) dynamic.ResourceInterface {
	return a.dynamic.Resource(kind).Namespace(a.cfg.Namespace)
}

// get reads an object; nil when there is none.
func (a *Argo) get(ctx context.Context, kind schema.GroupVersionResource, name string) (*unstructured.Unstructured, error) {
	o, err := a.of(kind).Get(ctx, name, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return o, err
	}
	// The cluster may not know the kind either, which it says in the same way.
	known, err := a.knows(ctx, kind)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, errNoArgo
	}
	return nil, nil
}

// knows reports whether the cluster has a kind of Argo CD's.
func (a *Argo) knows(ctx context.Context, kind schema.GroupVersionResource) (bool, error) {
	list, err := discovery.ToDiscoveryInterfaceWithContext(a.discovery).ServerResourcesForGroupVersionWithContext(ctx, version.String())
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, r := range list.APIResources {
		if r.Name == kind.Resource {
			return true, nil
		}
	}
	return false, nil
}

// load reads the ApplicationSet; nil when there is none.
func (a *Argo) load(ctx context.Context) (*set, error) {
	o, err := a.get(ctx, sets, a.cfg.ApplicationSet)
	if err != nil {
		return nil, a.failed(err, "The ApplicationSet "+a.cfg.ApplicationSet, "read")
	}
	if o == nil {
		return nil, nil
	}
	return newSet(o), nil
}
