package node

import (
	"context"
	"fmt"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watchPods takes up the pods that are bound to the node, as they come.
func (r *run) watchPods(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(r.client, 0, informers.WithTweakListOptions(func(o *meta.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", r.node.Name).String()
	}))
	informer := factory.Core().V1().Pods().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { r.take(object.(*core.Pod)) },
		UpdateFunc: func(_, object any) { r.take(object.(*core.Pod)) },
		DeleteFunc: func(object any) { r.drop(object) },
	})
	if err != nil {
		return err
	}
	factory.Start(r.ctx.Done())
	r.all.Go(factory.Shutdown)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("list the pods: %w", ctx.Err())
	}
	return nil
}

// take takes a pod up, or takes note of how it is now.
func (r *run) take(object *core.Pod) {
	if r.pass(r.ctx) != nil {
		return
	}
	r.mu.Lock()
	p, known := r.pods[object.UID]
	r.mu.Unlock()
	if !known {
		var err error
		if p, err = r.newPod(object); err != nil {
			r.node.opt.Log("%s/%s: %v", object.Namespace, object.Name, err)
			return
		}
		r.mu.Lock()
		r.pods[object.UID] = p
		r.mu.Unlock()
		r.all.Go(func() {
			p.live()
			if r.ctx.Err() == nil {
				r.mu.Lock()
				delete(r.pods, object.UID)
				r.mu.Unlock()
			}
		})
	}
	p.see(object)
	r.services.settleSoon()
}

// drop ends a pod whose object is gone.
func (r *run) drop(object any) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	gone, ok := object.(*core.Pod)
	if !ok || r.pass(r.ctx) != nil {
		return
	}
	r.mu.Lock()
	p := r.pods[gone.UID]
	r.mu.Unlock()
	if p != nil {
		p.forget()
	}
}

// find finds a pod by name.
func (r *run) find(namespace, name string) (*pod, error) {
	for _, p := range r.list() {
		if p.object.Namespace == namespace && p.object.Name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("pod %s/%s: %w", namespace, name, errNotFound)
}
