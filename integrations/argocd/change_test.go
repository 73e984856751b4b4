package argocd

import (
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttest "k8s.io/client-go/testing"

	"github.com/rap-analyzer/rapbot"
)

const (
	oldHost = "postgresql.us-east-1.example.com"
	before  = "2.0.0 replica " + oldHost
)

// A change touches one region's element and nothing else, and can be taken back
// by a rapbot that knows nothing of it.
func TestChangeAndBack(t *testing.T) {
	w := newWorld(t, nil, parsed(t, shipped(t)))
	first, err := w.argo.Release(t.Context(), west, rapbot.App)
	if err != nil || first.Version != "2.0.0" || first.Revision != 1 || first.Status != "deployed" || first.Name != "rap-analyzer-us-west-2" || first.Chart != "rap-analyzer@main" {
		t.Fatalf("%+v, %v", first, err)
	}
	if r := w.apply(west, "image.tag=v2"); r.Version != "v2" || r.Revision != 2 || r.Words != "Upgrade complete" || r.Status != "deployed" || !r.At.Equal(noon) {
		t.Errorf("%+v", r)
	}
	if got := w.says(west); got != "v2 replica "+oldHost {
		t.Errorf("the element says %s", got)
	}
	for region, want := range map[string]string{east: "2.0.0 primary " + oldHost, euro: before} {
		if got := w.says(region); got != want {
			t.Errorf("%s says %s, want %s", region, got, want)
		}
	}
	again := newWorld(t, nil, w.now().Unstructured) // after kill -9
	r, err := again.argo.RollBack(t.Context(), west, rapbot.App, 1)
	if err != nil || r.Revision != 3 || r.Words != "Rollback to 1" || r.Version != "2.0.0" || again.says(west) != before {
		t.Errorf("%+v, %v, the element says %s", r, err, again.says(west))
	}
	history, err := again.argo.History(t.Context(), west, rapbot.App, 10)
	var told []string
	for _, one := range history {
		told = append(told, fmt.Sprintf("%d %s %s %s", one.Revision, one.Version, one.Status, one.Words))
	}
	if want := "3 2.0.0 deployed Rollback to 1|2 v2 superseded Upgrade complete|1 2.0.0 superseded As it was found"; err != nil || strings.Join(told, "|") != want {
		t.Errorf("%s, %v", strings.Join(told, "|"), err)
	}
	if same, err := again.argo.Apply(t.Context(), rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=2.0.0"}}); err != nil || same.Revision != 3 {
		t.Errorf("nothing to change made a revision: %+v, %v", same, err)
	}
}

// Going back to a version from before a failover leaves the application pointed
// at the primary that there is.
func TestBackToAVersionLeavesThePrimary(t *testing.T) {
	w := newWorld(t, nil, parsed(t, shipped(t)))
	w.apply(west, "image.tag=v2")
	w.apply(west, "database.host=db-usw2", "database.port=5432", "global.zone=primary")
	if got := w.says(west); got != "v2 primary db-usw2" {
		t.Fatalf("the element says %s", got)
	}
	p, err := w.argo.PreviewRollBack(t.Context(), west, rapbot.App, 1)
	if err != nil || p.Version != "2.0.0" || p.Objects != 1 || strings.Contains(p.Diff, oldHost) {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := w.argo.RollBack(t.Context(), west, rapbot.App, 1); err != nil || w.says(west) != "2.0.0 primary db-usw2" {
		t.Errorf("%v, the element says %s", err, w.says(west))
	}
	if p, err := w.argo.PreviewRollBack(t.Context(), west, rapbot.App, 1); err != nil || p.Objects != 0 {
		t.Errorf("it is not seen that it is so already: %+v, %v", p, err)
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t, nil, parsed(t, shipped(t)))
	set := rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=v2"}}
	p, err := w.argo.Preview(t.Context(), set)
	want := "~ ApplicationSet/rap-analyzer in argocd\n@@ element of us-west-2\n  databaseHost: " + oldHost + "\n  region: us-west-2\n- version: 2.0.0\n+ version: v2\n  zone: replica\n"
	if err != nil || p.Diff != want || p.Version != "v2" || p.Objects != 1 || p.Release.Revision != 1 || len(p.Digest) != 64 {
		t.Errorf("%+v, %v", p, err)
	}
	if w.says(west) != before {
		t.Error("a preview has changed something")
	}
	digest := func() string {
		p, err := w.argo.Preview(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest
	}
	w.byHand(euro, "v9")
	if digest() != p.Digest {
		t.Error("another region's element changes the digest")
	}
	w.hand(func(o *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(o.Object, "other", "spec", "template", "spec", "source", "targetRevision")
	})
	if digest() == p.Digest {
		t.Error("another template leaves the digest as it was")
	}
	unchanged, err := w.argo.Preview(t.Context(), rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=2.0.0"}})
	if err != nil || unchanged.Objects != 0 || unchanged.Diff != "" || unchanged.Release.Status != "deployed" {
		t.Errorf("%+v, %v", unchanged, err)
	}
}

// What somebody else makes of the element is a revision, and can be gone back to.
func TestChangedBySomebodyElse(t *testing.T) {
	w := newWorld(t, nil, parsed(t, shipped(t)))
	w.apply(west, "image.tag=v2")
	w.byHand(west, "v2.5")
	now, err := w.argo.Release(t.Context(), west, rapbot.App)
	if err != nil || now.Revision != 3 || now.Version != "v2.5" || now.Words != "Changed by somebody else" {
		t.Errorf("%+v, %v", now, err)
	}
	if r := w.apply(west, "image.tag=v3"); r.Revision != 4 {
		t.Errorf("%+v", r)
	}
	if r, err := w.argo.RollBack(t.Context(), west, rapbot.App, 3); err != nil || r.Version != "v2.5" || r.Revision != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Between rapbot's look and its patch somebody else changes the ApplicationSet:
// the same element is left to them, another one is not in the way.
func TestOvertaken(t *testing.T) {
	for region, want := range map[string]string{west: "v2.5 replica " + oldHost, euro: "v3 replica " + oldHost} {
		w := newWorld(t, nil, parsed(t, shipped(t)))
		tried := 0
		w.server.PrependReactor("patch", "applicationsets", func(clienttest.Action) (bool, runtime.Object, error) {
			if tried++; tried > 1 {
				return false, nil, nil
			}
			w.byHand(region, "v2.5")
			return true, nil, apierrors.NewConflict(sets.GroupResource(), "rap-analyzer", nil)
		})
		_, err := w.argo.Apply(t.Context(), rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=v3"}})
		if region == west {
			expect(t, err, rapbot.Conflict, "its version was 2.0.0 and is v2.5. Nothing was changed. Look who did that")
		} else if err != nil {
			t.Error(err)
		}
		if got := w.says(west); got != want {
			t.Errorf("after a change of %s: %s, want %s", region, got, want)
		}
	}
}

// The patch itself says what it rests upon.
func TestPatchTestsWhatWasThere(t *testing.T) {
	w := newWorld(t, nil, parsed(t, shipped(t)))
	w.byHand(west, "v2.5")
	s := w.now()
	at, _ := s.find(west)
	will := at.element.clone()
	will["version"] = "v3"
	w.byHand(west, "v2.6")
	_, err := w.argo.send(t.Context(), s, edit{Region: w.argo.cfg.Regions[1], was: at.element, will: will, history: []revision{{Number: 1}}}, nil)
	if err == nil || w.says(west) != "v2.6 replica "+oldHost {
		t.Errorf("%v, the element says %s", err, w.says(west))
	}
}

func TestRefusals(t *testing.T) {
	spec := func(value any, path ...string) func(*unstructured.Unstructured) {
		return func(o *unstructured.Unstructured) { _ = unstructured.SetNestedField(o.Object, value, path...) }
	}
	for name, test := range map[string]struct {
		change rapbot.Change
		hand   func(*unstructured.Unstructured)
		code   rapbot.Code
		words  string
	}{
		"a value that no key leads to":   {rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"config.LEVEL=4"}}, nil, rapbot.Invalid, "has no key for config.LEVEL: its elements set database.host, global.region, global.zone, image.tag. Nothing was changed. Change it in the repository, or add a parameter"},
		"a number of pods":               {rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"replicaCount=4"}}, nil, rapbot.Invalid, "Argo CD keeps us-west-2, and how many pods its application has is for the repository to say. Nothing was changed. Change replicaCount there."},
		"a port that is not the usual":   {rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"database.port=6000"}}, nil, rapbot.Invalid, "{name: database.port, value: \"{{.databasePort}}\"}"},
		"a value that is a template":     {rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag={{.x}}"}}, nil, rapbot.Invalid, "would be a template"},
		"a part that it does not keep":   {rapbot.Change{Region: west, Part: rapbot.Database}, nil, rapbot.NotFound, "does not keep \"database\""},
		"a region that it does not keep": {rapbot.Change{Region: "mars", Part: rapbot.App}, nil, rapbot.NotFound, "does not keep"},
		"no element": {
			rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=v2"}},
			spec([]any{map[string]any{"clusters": map[string]any{}}}, "spec", "generators"),
			rapbot.NotFound, "has no element for us-west-2 in a list generator. Nothing was changed. Add the region's element",
		},
		"Applications that are only made": {
			rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=v2"}},
			spec("create-only", "spec", "syncPolicy", "applicationsSync"),
			rapbot.Invalid, "changes no Application that is there",
		},
		"a history that nobody can read": {
			rapbot.Change{Region: west, Part: rapbot.App, Set: []string{"image.tag=v2"}},
			func(o *unstructured.Unstructured) { o.SetAnnotations(map[string]string{historyKey(west): "[{"}) },
			rapbot.Invalid, "`kubectl annotate applicationset rap-analyzer -n argocd history.rapbot/us-west-2-`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, parsed(t, shipped(t)))
			if test.hand != nil {
				w.hand(test.hand)
			}
			was := w.now().Object
			_, err := w.argo.Preview(t.Context(), test.change)
			expect(t, err, test.code, test.words)
			_, err = w.argo.Apply(t.Context(), test.change)
			expect(t, err, test.code, test.words)
			if !same(was, w.now().Object) {
				t.Error("something was changed")
			}
		})
	}
	w := newWorld(t, nil)
	_, err := w.argo.Release(t.Context(), west, rapbot.App)
	expect(t, err, rapbot.NotFound, "There is no ApplicationSet rap-analyzer in the namespace argocd of us-east-1. Nothing was changed. Correct deploy.argocd.application_set")
	w.knows()
	_, err = w.argo.Release(t.Context(), west, rapbot.App)
	expect(t, err, rapbot.Invalid, "Argo CD is not installed in us-east-1")
	w = newWorld(t, nil, parsed(t, shipped(t)))
	_, err = w.argo.RollBack(t.Context(), west, rapbot.App, 7)
	expect(t, err, rapbot.NotFound, "has no revision 7 any more; the oldest is 1")
}

// History is bounded: an annotation is no place for everything.
func TestHistoryIsBounded(t *testing.T) {
	w := newWorld(t, nil, parsed(t, shipped(t)))
	for i := range 2 * mostRevisions {
		w.apply(west, fmt.Sprintf("image.tag=v%d", i))
	}
	history, err := w.argo.History(t.Context(), west, rapbot.App, 1000)
	if err != nil || len(history) != mostRevisions || history[0].Revision != 2*mostRevisions+1 {
		t.Errorf("%d revisions, %v", len(history), err)
	}
}
