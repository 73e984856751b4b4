package helm_test

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/strvals"
	batch "k8s.io/api/batch/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm"
)

// byHand installs or upgrades as helm at the prompt does, with the values file
// as -f and the rest as --set, and waits for nothing but hooks.
func (w *world) byHand(release string, set ...string) {
	w.t.Helper()
	if err := w.tryByHand(release, set...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tryByHand(release string, set ...string) error {
	cfg := w.room.Region(east).Config
	flags := genericclioptions.NewConfigFlags(true)
	flags.APIServer, flags.Namespace = &cfg.Host, &w.room.Namespace
	flags.WrapConfigFn = func(*rest.Config) *rest.Config { return cfg }
	c := action.NewConfiguration(action.ConfigurationSetLogger(slog.NewTextHandler(io.Discard, nil)))
	if err := c.Init(flags, w.room.Namespace, "secret"); err != nil {
		return err
	}
	ch, err := loader.Load("testdata/shop")
	if err != nil {
		return err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(w.values["values.yaml"].Data, &values); err != nil {
		return err
	}
	for _, s := range set {
		if err := strvals.ParseInto(s, values); err != nil {
			return err
		}
	}
	if h, err := c.Releases.History(release); err != nil || len(h) == 0 {
		i := action.NewInstall(c)
		i.ReleaseName, i.Namespace, i.WaitStrategy, i.Timeout = release, w.room.Namespace, kube.HookOnlyStrategy, time.Minute
		_, err = i.Run(ch, values)
		return err
	}
	u := action.NewUpgrade(c)
	u.Namespace, u.WaitStrategy, u.Timeout = w.room.Namespace, kube.HookOnlyStrategy, time.Minute
	_, err = u.Run(release, ch, values)
	return err
}

func (w *world) valuesOf(names ...string) []string {
	w.t.Helper()
	all, err := w.helm().Values(w.t.Context(), east, rapbot.App)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, name := range names {
		out = append(out, all[name])
	}
	return out
}

// What was set stays; what nobody set follows the values file. So it is after an
// installation by hand too, whose own values include those of the file.
func TestValuesOfAReleaseMadeByHand(t *testing.T) {
	w := newWorld(t)
	w.file("database: {host: east, port: 5432}\nimage: {tag: v1}\nconfig: {mode: old}")
	w.byHand("shop")
	w.apply() // with nothing to set Helm would take the old values as they are
	w.apply("database.host=west")
	w.file("database: {host: elsewhere, port: 6432}\nimage: {tag: v1}\nconfig: {mode: new}")
	w.apply("image.tag=v2")
	got := fmt.Sprint(w.valuesOf("database.host", "database.port", "image.tag", "config.mode", "database.password", "image.repository"))
	if want := "[west 6432 v2 new (hidden) shop]"; got != want {
		t.Errorf("the values are %s, want %s", got, want)
	}
	if c := w.configMap("shop-config"); c["DATABASE_HOST"] != "west" || c["mode"] != "new" {
		t.Errorf("the ConfigMap: %v", c)
	}
	// Somebody sets a value by hand in between.
	w.byHand("shop", "database.host=north", "image.tag=v3")
	w.apply("replicas=2")
	got = fmt.Sprint(w.valuesOf("database.host", "image.tag", "replicas", "config.mode"))
	if want := "[north v3 2 new]"; got != want {
		t.Errorf("after an upgrade by hand the values are %s, want %s", got, want)
	}
	// A rollback brings back what was set then.
	if _, err := w.helm().RollBack(t.Context(), east, rapbot.App, 3); err != nil {
		t.Fatal(err)
	}
	w.apply("replicas=3")
	got = fmt.Sprint(w.valuesOf("database.host", "image.tag", "replicas"))
	if want := "[west v1 3]"; got != want {
		t.Errorf("after a rollback the values are %s, want %s", got, want)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		w.apply(fmt.Sprintf("image.tag=v%d", i))
	}
	h := w.history()
	if len(h) != 10 || h[0].Revision != 12 || h[0].Version != "v11" || h[9].Revision != 3 || h[9].Status != "superseded" {
		t.Errorf("%d revisions, the newest %+v, the oldest %+v", len(h), h[0], h[len(h)-1])
	}
	if h, err := w.helm().History(t.Context(), east, rapbot.App, 2); err != nil || len(h) != 2 || h[1].Revision != 11 {
		t.Errorf("the newest two: %+v, %v", h, err)
	}
}

// A change by somebody at the prompt is waited for, and is put right when nobody
// can be at it any more.
func TestHelmByHandIsAtIt(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	ended := make(chan error, 1)
	go func() { ended <- w.tryByHand("shop", "image.tag=v2", "hook=pre-upgrade") }()
	w.awaitHook()
	busy := w.helm()
	for name, err := range map[string]error{
		"preview": second(busy.Preview(t.Context(), change())), "apply": second(busy.Apply(t.Context(), change("image.tag=v3"))),
		"roll back": second(busy.RollBack(t.Context(), east, rapbot.App, 1)), "preview of a rollback": second(busy.PreviewRollBack(t.Context(), east, rapbot.App, 1)),
	} {
		expect(t, err, rapbot.Conflict)
		if !strings.Contains(err.Error(), "helm, by hand or by another program, may still be at it. Nothing was changed. Try again after ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := busy.Release(t.Context(), east, rapbot.App); err != nil || !r.Pending() {
		t.Errorf("the release is %+v, %v", r, err)
	}
	patient := w.helm(func(c *helm.Config) { c.Abandoned = time.Nanosecond })
	r, err := patient.Apply(t.Context(), change("image.tag=v3"))
	if err != nil || r.Revision != 4 || r.Words != "Upgrade complete. Rollback to 1: revision 2 had been left pending-upgrade" {
		t.Errorf("when it counts as dead: %+v, %v", r, err)
	}
	w.endHook(batch.JobComplete)
	<-ended
}

// Another rapbot, with another journal, is dead when its deadline is over.
func TestAnotherRapbotIsAtIt(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	child := w.child("image.tag=v2", "hook=pre-upgrade")
	w.awaitHook()
	other := w.helm(func(c *helm.Config) { c.Owner, c.Abandoned = "another-journal", time.Nanosecond })
	err := second(other.Apply(t.Context(), change("image.tag=v3")))
	expect(t, err, rapbot.Conflict)
	if !strings.Contains(err.Error(), `another rapbot, with the lease "journal-of-this-test", may still be at it`) {
		t.Error(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	w.rewriteLabel("rapbot/until", "1700000000")
	if r, err := other.Apply(t.Context(), change("image.tag=v3")); err != nil || r.Revision != 4 {
		t.Errorf("after its deadline: %+v, %v", r, err)
	}
}

// rewriteLabel changes a label of the newest revision.
func (w *world) rewriteLabel(name, value string) {
	w.t.Helper()
	secrets := w.client.CoreV1().Secrets(w.room.Namespace)
	s, err := secrets.Get(w.t.Context(), fmt.Sprintf("sh.helm.release.v1.shop.v%d", w.history()[0].Revision), meta.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	if s.Labels[name] == "" {
		w.t.Fatalf("there is no label %s: %v", name, s.Labels)
	}
	s.Labels[name] = value
	if _, err := secrets.Update(w.t.Context(), s, meta.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}
