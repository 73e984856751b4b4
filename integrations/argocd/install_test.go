package argocd

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
)

// An empty Argo CD gets the ApplicationSet with the first region only; the others
// join it when it is their turn.
func TestInstall(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Manifest = shipped(t) })
	change := func(region string, install bool) rapbot.Change {
		return rapbot.Change{Region: region, Part: rapbot.App, Set: []string{"image.tag=v1"}, Install: install}
	}
	_, err := w.argo.Preview(t.Context(), change(west, false))
	expect(t, err, rapbot.NotFound, "There is no ApplicationSet")
	p, err := w.argo.Preview(t.Context(), change(west, true))
	if err != nil || p.Release.Revision != 0 || p.Objects != 1 || p.Version != "v1" || !strings.HasPrefix(p.Diff, "+ ApplicationSet/rap-analyzer") {
		t.Errorf("%+v, %v", p, err)
	}
	for _, region := range []string{west, euro} {
		r, err := w.argo.Apply(t.Context(), change(region, true))
		if err != nil || r.Revision != 1 || r.Version != "v1" || r.Words != "Install complete" {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if w.says(west) != "v1 replica "+oldHost || w.says(euro) != "v1 replica "+oldHost || w.says(east) != "nothing" {
		t.Errorf("%s, %s, %s", w.says(west), w.says(euro), w.says(east))
	}
	r, err := w.argo.RollBack(t.Context(), euro, rapbot.App, 0)
	if err != nil || r.Revision != 0 || w.says(euro) != "nothing" || w.now().GetAnnotations()[historyKey(euro)] != "" {
		t.Errorf("%+v, %v, %s", r, err, w.says(euro))
	}
	if w.says(west) != "v1 replica "+oldHost {
		t.Error("another region went with it")
	}
}

func TestFaultsOfTheConfiguration(t *testing.T) {
	for words, change := range map[string]func(*Config){
		"no credentials":           func(c *Config) { c.Rest = nil },
		"namespace: \"Argo CD\"":   func(c *Config) { c.Namespace = "Argo CD" },
		"application_set: \"a/b\"": func(c *Config) { c.ApplicationSet = "a/b" },
		"it is no ApplicationSet":  func(c *Config) { c.Manifest = []byte("kind: Application\n") },
		"cannot be part of":        func(c *Config) { c.Regions = []Region{{Name: "a b"}} },
		"manifest: it has no element for mars": func(c *Config) {
			c.Manifest, c.Regions = shipped(t), []Region{{Name: "mars"}}
		},
		"no parameter image.tag": func(c *Config) {
			c.Manifest = []byte(strings.Replace(string(shipped(t)), "name: image.tag", "name: image.name", 1))
		},
	} {
		c := Config{Rest: &rest.Config{Host: "https://127.0.0.1:1"}, Regions: []Region{{Name: west}}}
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
	}
}

// A call that hangs behind the deadline, in a program that fetches credentials
// perhaps, is not waited for; and no address is in what is said.
func TestNobodyIsWaitedForLonger(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Timeout = 10 * time.Millisecond })
	release := make(chan struct{})
	defer close(release)
	_, err := within(t.Context(), w.argo, func(context.Context) (int, error) { <-release; return 0, nil })
	err = w.argo.failed(err, "The ApplicationSet rap-analyzer", "changed")
	expect(t, err, rapbot.Unavailable, "could not be changed: no answer within 10 ms. Whether it was is not known.")

	refused, err := New(Config{Where: "east", Rest: &rest.Config{Host: "https://127.0.0.1:1", BearerToken: "very-secret"}, Regions: []Region{{Name: west}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = refused.Release(t.Context(), west, rapbot.App)
	expect(t, err, rapbot.Unavailable, "connection refused")
	if strings.Contains(err.Error(), "very-secret") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("too much is said: %v", err)
	}
}
