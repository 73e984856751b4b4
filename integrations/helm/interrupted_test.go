package helm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	batch "k8s.io/api/batch/v1"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm"
)

// Helm would record a failure while it still applies, if its context ended.
func TestCallerWhoGivesUp(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := w.helm().Apply(ctx, change("image.tag=v2", "hook=post-upgrade"))
		ended <- err
	}()
	w.awaitHook()
	giveUp()
	w.endHook(batch.JobComplete)
	if err := <-ended; err != nil {
		t.Errorf("the change came to its end, and Apply says %v", err)
	}
	if h := w.history(); len(h) != 2 || h[0].Status != "deployed" || h[1].Status != "superseded" {
		t.Errorf("the history: %+v", h)
	}
}

func TestHookThatFails(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	ended := make(chan error, 1)
	go func() {
		_, err := w.helm().Apply(t.Context(), change("image.tag=v2", "hook=pre-upgrade"))
		ended <- err
	}()
	w.awaitHook()
	w.endHook(batch.JobFailed)
	err := <-ended
	expect(t, err, rapbot.Precondition)
	if !strings.Contains(err.Error(), "Revision 2 is failed, and some of its objects may have been changed.") {
		t.Error(err)
	}
	if r := w.apply("image.tag=v3", "hook="); r.Revision != 3 || w.image() != "shop:v3" {
		t.Errorf("after that: %+v, image %s", r, w.image())
	}
}

// TestKilled kills a process of its own in the middle of a change.
func TestKilled(t *testing.T) {
	for name, test := range map[string]struct {
		before []string // revisions that are there
		hook   string
		left   string
		words  string
		then   int
	}{
		"upgrade": {[]string{"image.tag=v1", "image.tag=v2"}, "post-upgrade", "pending-upgrade", "Upgrade complete. Rollback to 2: revision 3 had been left pending-upgrade", 5},
		"install": {nil, "pre-install", "pending-install", "Install complete. What there was of it was taken away: revision 1 had been left pending-install", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, set := range test.before {
				w.apply(set)
			}
			child := w.child("image.tag=v9", "hook="+test.hook, "extra=true")
			w.awaitHook()
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait()
			r, err := w.helm().Release(t.Context(), east, rapbot.App)
			if err != nil || r.Status != test.left || !r.Pending() {
				t.Fatalf("it was left as %+v, %v", r, err)
			}
			if p := w.preview("image.tag=v4"); p.Release.Status != test.left || p.Version != "v4" {
				t.Errorf("the preview: %+v", p)
			}
			if again := w.apply("image.tag=v4"); again.Revision != test.then || again.Words != test.words || again.Status != "deployed" {
				t.Errorf("applied: %+v, want revision %d and the words %q", again, test.then, test.words)
			}
			if w.image() != "shop:v4" || w.configMap("shop-extra") != nil {
				t.Errorf("image %s; what only the interrupted revision had: %v", w.image(), w.configMap("shop-extra"))
			}
			for _, r := range w.history() {
				if r.Pending() {
					t.Errorf("revision %d is still %s", r.Revision, r.Status)
				}
			}
		})
	}
}

// However often it is killed, it goes back to the revision that it began from.
func TestKilledAgain(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	for range 2 {
		child := w.child("image.tag=v2", "hook=pre-upgrade")
		w.awaitHook()
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		w.removeHook()
	}
	w.apply("image.tag=v2")
	var words []string
	for _, r := range w.history() {
		words = append(words, fmt.Sprintf("%d %s %s", r.Revision, r.Status, r.Words))
	}
	want := []string{
		"6 deployed Upgrade complete. Rollback to 1: revision 4 had been left pending-upgrade",
		"5 superseded Rollback to 1: revision 4 had been left pending-upgrade",
		"4 failed Rollback to 1: revision 4 had been left pending-upgrade",
		"3 superseded Rollback to 1: revision 2 had been left pending-upgrade",
		"2 failed Rollback to 1: revision 2 had been left pending-upgrade",
		"1 superseded Install complete",
	}
	if strings.Join(words, "\n") != strings.Join(want, "\n") {
		t.Errorf("the history:\n%s\nwant:\n%s", strings.Join(words, "\n"), strings.Join(want, "\n"))
	}
}

// The rollback that undoes a change also puts right what was left of it.
func TestRollBackOfWhatWasKilled(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	child := w.child("image.tag=v2", "hook=post-upgrade", "extra=true")
	w.awaitHook()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	r, err := w.helm().RollBack(t.Context(), east, rapbot.App, 1)
	if err != nil || r.Revision != 3 || r.Words != "Rollback to 1: revision 2 had been left pending-upgrade" || w.image() != "shop:v1" || w.configMap("shop-extra") != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if h := w.history(); h[1].Status != "failed" {
		t.Errorf("the interrupted revision is %+v", h[1])
	}
}

// A change that the API server goes dark in ends with its deadline, and is put
// right by the next.
func TestDarkInTheMiddle(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	brief := w.helm(func(c *helm.Config) { c.ApplyTimeout = 8 * time.Second })
	ended := make(chan error, 1)
	go func() {
		_, err := brief.Apply(t.Context(), change("image.tag=v2", "hook=pre-upgrade"))
		ended <- err
	}()
	w.awaitHook()
	if err := w.room.Region(east).Freeze(); err != nil {
		t.Fatal(err)
	}
	err := <-ended
	if thaw := w.room.Region(east).Thaw(); thaw != nil {
		t.Fatal(thaw)
	}
	expect(t, err, rapbot.Unavailable)
	if r := w.apply("image.tag=v3", "hook="); r.Status != "deployed" || w.image() != "shop:v3" {
		t.Errorf("after that: %+v", r)
	}
}

// childConfig is what a process that is to be killed needs to know.
type childConfig struct {
	Host, Namespace string
	CA, Cert, Key   []byte
	Set             []string
}

const childVariable = "RAPBOT_HELM_TEST_CHILD"

// child starts a process that applies a change.
func (w *world) child(set ...string) *exec.Cmd {
	w.t.Helper()
	cfg := w.room.Region(east).Config
	text, err := json.Marshal(childConfig{cfg.Host, w.room.Namespace, cfg.CAData, cfg.CertData, cfg.KeyData, set})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestMain(m *testing.M) {
	if url := os.Getenv(quietVariable); url != "" {
		quiet(url)
		return
	}
	text := os.Getenv(childVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var c childConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		panic(err)
	}
	h, err := helm.New(helm.Config{Owner: "journal-of-this-test", Regions: []helm.Region{{
		Name: east, Namespace: c.Namespace,
		Cluster: reach(&rest.Config{Host: c.Host, TLSClientConfig: rest.TLSClientConfig{CAData: c.CA, CertData: c.Cert, KeyData: c.Key}}),
		Parts:   map[rapbot.Part]helm.Part{rapbot.App: {Release: "shop", Chart: helm.Source{Path: "testdata/shop"}}},
	}}})
	if err == nil {
		_, err = h.Apply(context.Background(), change(c.Set...))
	}
	fmt.Fprintln(os.Stderr, "the child ended by itself:", err)
}
