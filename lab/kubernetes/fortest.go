package kubernetes

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/binary"
)

// Room is what a test has of regions that it shares with the other tests of its
// package: a namespace of its own in each.
type Room struct {
	*Lab
	Namespace string
}

// shared are the labs of this process by the names of their regions. They end
// with it: the kernel kills them, and a guard removes their folders.
var shared struct {
	sync.Mutex
	labs map[string]*Lab
}

// ForTest gives a test a namespace in regions that are started for the first test
// of its package that asks for them, with two fake nodes each; us-east-1,
// us-west-2 and eu-west-1 when it names none. A test that breaks a region mends
// it before it ends, or uses FreshForTest.
//
// Kubernetes must have been built (make cluster): that takes longer than a test may.
func ForTest(t testing.TB, names ...string) *Room {
	t.Helper()
	return share(t, strings.Join(names, ","), Options{Names: names, FakeNodes: 2})
}

// FreshForTest starts regions that end with the test, with two fake nodes each.
func FreshForTest(t testing.TB, names ...string) *Room {
	t.Helper()
	return StartForTest(t, Options{Names: names, FakeNodes: 2})
}

// StartForTest starts regions that end with the test.
func StartForTest(t testing.TB, opt Options) *Room {
	t.Helper()
	lab, err := startForTest(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return lab.room(t)
}

func share(t testing.TB, key string, opt Options) *Room {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	lab := shared.labs[key]
	if lab == nil {
		var err error
		if lab, err = startForTest(context.Background(), opt); err != nil {
			t.Fatal(err)
		}
		if shared.labs == nil {
			shared.labs = map[string]*Lab{}
		}
		shared.labs[key] = lab
	}
	return lab.room(t)
}

func startForTest(ctx context.Context, opt Options) (*Lab, error) {
	if opt.Program == "" {
		var err error
		if opt.Program, err = binary.Kubernetes.Find(ctx); err != nil {
			return nil, err
		}
	}
	return Start(ctx, opt)
}

// room makes a namespace in all regions. It is deleted after the test, which does
// not wait for that.
func (l *Lab) room(t testing.TB) *Room {
	t.Helper()
	room := &Room{Lab: l, Namespace: "test-" + strings.ToLower(rand.Text()[:8])}
	for _, r := range l.regions {
		if err := r.Namespace(t.Context(), room.Namespace); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		for _, r := range l.regions {
			_ = r.Client.CoreV1().Namespaces().Delete(ctx, room.Namespace, meta.DeleteOptions{}) // a region that is gone has none
		}
	})
	return room
}

// Namespace makes a namespace that is ready for pods.
func (r *Region) Namespace(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	namespace := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: name}}
	if _, err := r.Client.CoreV1().Namespaces().Create(ctx, namespace, meta.CreateOptions{}); err != nil {
		return err
	}
	return r.await(ctx, "the service account of the namespace "+name+" is not made", func(ctx context.Context) bool {
		return r.hasServiceAccount(ctx, name)
	})
}
