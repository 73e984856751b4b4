package argocd

import (
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fakediscovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/rest"
	clienttest "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/rap-analyzer/rapbot"
)

const (
	east = "us-east-1"
	west = "us-west-2"
	euro = "eu-west-1"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// world is an API server in memory, which knows how to patch. What the real one
// and Argo CD make of it all is tested in the package real.
type world struct {
	*testing.T
	argo   *Argo
	server *fake.FakeDynamicClient
}

// shipped is the ApplicationSet that rapbot ships.
func shipped(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../charts/multi-region/applicationset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parsed(t testing.TB, text []byte) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text, &o.Object); err != nil {
		t.Fatal(err)
	}
	return o
}

// newWorld has these objects.
func newWorld(t *testing.T, config func(*Config), objects ...runtime.Object) *world {
	t.Helper()
	c := Config{Where: east, Rest: &rest.Config{Host: "https://127.0.0.1:1"}, Regions: []Region{{Name: east}, {Name: west}, {Name: euro}}, Timeout: 5 * time.Second, Now: func() time.Time { return noon }}
	if config != nil {
		config(&c)
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, argo: a}
	kinds := map[schema.GroupVersionResource]string{sets: "ApplicationSetList", applications: "ApplicationList"}
	w.server = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, objects...)
	w.server.PrependReactor("*", "applicationsets", dryRun)
	a.dynamic = w.server
	w.knows("applicationsets", "applications")
	return w
}

// dryRun takes what is only to be looked at, which the server in memory does not
// know.
func dryRun(action clienttest.Action) (bool, runtime.Object, error) {
	switch a := action.(type) {
	case clienttest.PatchActionImpl:
		return len(a.PatchOptions.DryRun) > 0, &unstructured.Unstructured{Object: map[string]any{}}, nil
	case clienttest.CreateActionImpl:
		return len(a.CreateOptions.DryRun) > 0, a.Object, nil
	}
	return false, nil, nil
}

// knows says which kinds of Argo CD's the API server has.
func (w *world) knows(resources ...string) {
	list := &metav1.APIResourceList{GroupVersion: version.String()}
	for _, r := range resources {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: r})
	}
	d := &fakediscovery.FakeDiscovery{Fake: &clienttest.Fake{}}
	if len(resources) > 0 {
		d.Resources = []*metav1.APIResourceList{list}
	}
	w.argo.discovery = d
}

func (w *world) apply(region string, set ...string) rapbot.Release {
	w.Helper()
	r, err := w.argo.Apply(w.Context(), rapbot.Change{Region: region, Part: rapbot.App, Set: set})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// now is the ApplicationSet.
func (w *world) now() *set {
	w.Helper()
	o, err := w.server.Resource(sets).Namespace("argocd").Get(w.Context(), "rap-analyzer", metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return newSet(o)
}

// says is an element as text: "v2 replica db".
func (w *world) says(region string) string {
	w.Helper()
	at, there := w.now().find(region)
	if !there {
		return "nothing"
	}
	return strings.Join([]string{text(at.element["version"]), text(at.element["zone"]), text(at.element["databaseHost"])}, " ")
}

// hand changes the ApplicationSet as somebody else would, past the reactors, in
// one of which it may be called.
func (w *world) hand(change func(o *unstructured.Unstructured)) {
	w.Helper()
	kept, err := w.server.Tracker().Get(sets, "argocd", "rap-analyzer")
	if err != nil {
		w.Fatal(err)
	}
	o := kept.DeepCopyObject().(*unstructured.Unstructured)
	change(o)
	if err := w.server.Tracker().Update(sets, o, "argocd"); err != nil {
		w.Fatal(err)
	}
}

// byHand makes an element say another version.
func (w *world) byHand(region, version string) {
	w.Helper()
	w.hand(func(o *unstructured.Unstructured) {
		s := newSet(o)
		at, _ := s.find(region)
		generators, _, _ := unstructured.NestedSlice(o.Object, "spec", "generators")
		generators[at.generator].(map[string]any)["list"].(map[string]any)["elements"].([]any)[at.index].(map[string]any)["version"] = version
		if err := unstructured.SetNestedSlice(o.Object, generators, "spec", "generators"); err != nil {
			w.Fatal(err)
		}
	})
}

func expect(t testing.TB, err error, code rapbot.Code, words string) {
	t.Helper()
	if err == nil || rapbot.ErrorCode(err) != code || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v (%s), want %s with %q", err, rapbot.ErrorCode(err), code, words)
	}
}
