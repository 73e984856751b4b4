package helm_test

import (
	"context"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/zap"
	apps "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

const east = "us-east-1"

// world is one region with its API server, and a values file that a test may
// change.
type world struct {
	t      testing.TB
	room   *lab.Room
	config helm.Config
	values fstest.MapFS
	client kubernetes.Interface
}

// newWorld has the chart shop as the application of us-east-1, not installed.
func newWorld(t testing.TB) *world {
	t.Helper()
	room := lab.ForTest(t, east)
	w := &world{t: t, room: room, values: fstest.MapFS{}, client: room.Region(east).Client}
	w.file("")
	w.config = helm.Config{Owner: "journal-of-this-test", Timeout: time.Minute, ApplyTimeout: time.Minute, Regions: []helm.Region{{
		Name: east, Namespace: room.Namespace, Cluster: reach(room.Region(east).Config),
		Parts: map[rapbot.Part]helm.Part{rapbot.App: {
			Release: "shop", Chart: helm.Source{Path: "testdata/shop"}, Values: []helm.Source{{FS: w.values, Path: "values.yaml"}},
		}},
	}}}
	return w
}

func reach(cfg *rest.Config) func() (*rest.Config, error) {
	return func() (*rest.Config, error) { return cfg, nil }
}

// file replaces the values file.
func (w *world) file(text string) {
	w.values["values.yaml"] = &fstest.MapFile{Data: []byte(text)}
}

// helm is a new adapter, as after a restart.
func (w *world) helm(change ...func(*helm.Config)) *helm.Helm {
	w.t.Helper()
	cfg := w.config
	for _, c := range change {
		c(&cfg)
	}
	h, err := helm.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func (w *world) apply(set ...string) rapbot.Release {
	w.t.Helper()
	r, err := w.helm().Apply(w.t.Context(), change(set...))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func change(set ...string) rapbot.Change {
	return rapbot.Change{Region: east, Part: rapbot.App, Set: set}
}

func (w *world) preview(set ...string) rapbot.Preview {
	w.t.Helper()
	p, err := w.helm().Preview(w.t.Context(), change(set...))
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) history() []rapbot.Release {
	w.t.Helper()
	h, err := w.helm().History(w.t.Context(), east, rapbot.App, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func (w *world) deployment() *apps.Deployment {
	w.t.Helper()
	d, err := w.client.AppsV1().Deployments(w.room.Namespace).Get(w.t.Context(), "shop", meta.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) image() string { return w.deployment().Spec.Template.Spec.Containers[0].Image }

// configMap is the data of a ConfigMap; nil when it is not there.
func (w *world) configMap(name string) map[string]string {
	w.t.Helper()
	c, err := w.client.CoreV1().ConfigMaps(w.room.Namespace).Get(w.t.Context(), name, meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return maps.Clone(c.Data)
}

// expect wants an error of a code, which every error of the adapter has.
func expect(t testing.TB, err error, code rapbot.Code) {
	t.Helper()
	if rapbot.ErrorCode(err) != code {
		t.Fatalf("the error is %v (%s), want code %s", err, rapbot.ErrorCode(err), code)
	}
}

func until(t testing.TB, what string, so func(context.Context) bool) {
	t.Helper()
	look, end := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for !so(t.Context()) {
		select {
		case <-look.C:
		case <-end:
			t.Fatal("in vain: ", what)
		}
	}
}

func logTo(log *zap.Logger) func(*helm.Config) {
	return func(c *helm.Config) { c.Log = log }
}
