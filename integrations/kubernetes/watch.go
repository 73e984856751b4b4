package kubernetes

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// watching is the watches of one region, from one start to one end. They are
// begun anew after every silence, which lists everything again.
type watching struct {
	stop    context.CancelFunc
	all     sync.WaitGroup
	changed chan struct{} // has room for one
	argo    bool
	kinds   []*watched
}

// watched is one kind. Its cache is good while a watch streams into it: between
// two watches, or while one waits to be tried again, it grows old and does not
// know it.
type watched struct {
	kind
	informer cache.SharedIndexInformer

	mu      sync.Mutex
	streams int  // that are open
	denied  bool // rapbot may not, or there is no such kind
}

// watch begins to watch a region. It waits for nothing.
func (r *region) watch(ctx context.Context, argo bool) *watching {
	// What there is to log comes out as changes of what is known.
	ctx, stop := context.WithCancel(klog.NewContext(ctx, klog.Logger{}))
	w := &watching{stop: stop, changed: make(chan struct{}, 1), argo: argo}
	for _, k := range r.kinds(argo) {
		kept := &watched{kind: k}
		kept.informer = cache.NewSharedIndexInformer(kept, k.object, 0, cache.Indexers{})
		handler := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { w.tell() }, UpdateFunc: func(any, any) { w.tell() }, DeleteFunc: func(o any) {
			if k.name == kindPods {
				r.deleted(o, time.Now())
			}
			w.tell()
		}}
		// Neither fails before the informer runs.
		_, _ = kept.informer.AddEventHandler(handler)
		_ = kept.informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { kept.failed(err) })
		w.kinds = append(w.kinds, kept)
		w.all.Go(func() { kept.informer.RunWithContext(ctx) })
	}
	return w
}

// tell says that something has changed.
func (w *watching) tell() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// live reports whether the caches hold what stands in the cluster now.
func (w *watching) live() bool {
	if w == nil {
		return false
	}
	for _, k := range w.kinds {
		if !k.live() {
			return false
		}
	}
	return true
}

// objects are what the caches hold.
func (w *watching) objects(n Names) objects {
	listed := map[string][]runtime.Object{}
	var denied []string
	for _, k := range w.kinds {
		if k.isDenied() {
			denied = append(denied, k.name)
		}
		for _, o := range k.informer.GetStore().List() {
			if object, is := o.(runtime.Object); is {
				listed[k.name] = append(listed[k.name], object)
			}
		}
	}
	o := gather(n, listed, denied)
	o.argo = w.argo
	return o
}

func (k *watched) live() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.denied && !k.required || k.streams > 0 && k.informer.HasSynced()
}

func (k *watched) isDenied() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.denied
}

func (k *watched) failed(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.denied = apierrors.IsForbidden(err) || gone(err)
}

// ListWithContext makes a watched a cache.ListerWatcherWithContext.
func (k *watched) ListWithContext(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	return k.source.ListWithContext(ctx, o)
}

// WatchWithContext keeps count of the streams.
func (k *watched) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	opened, err := k.source.WatchWithContext(ctx, o)
	if err != nil {
		return nil, err
	}
	k.count(+1)
	return &stream{Interface: opened, ended: sync.OnceFunc(func() { k.count(-1) })}, nil
}

func (k *watched) count(by int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.streams += by
	if by > 0 {
		k.denied = false
	}
}

// stream is a watch that tells when it has ended: the reflector stops every
// watch, also one that the server has ended.
type stream struct {
	watch.Interface
	ended func()
}

func (s *stream) Stop() {
	s.Interface.Stop()
	s.ended()
}

// List and Watch are what a cache.ListerWatcher has as well; the reflector
// prefers the others.
func (k *watched) List(o metav1.ListOptions) (runtime.Object, error) {
	return k.ListWithContext(context.Background(), o)
}

// Watch is as List.
func (k *watched) Watch(o metav1.ListOptions) (watch.Interface, error) {
	return k.WatchWithContext(context.Background(), o)
}

// IsWatchListSemanticsUnSupported passes on what is known of the client.
func (k *watched) IsWatchListSemanticsUnSupported() bool {
	unable, knows := k.source.(interface{ IsWatchListSemanticsUnSupported() bool })
	return knows && unable.IsWatchListSemanticsUnSupported()
}
