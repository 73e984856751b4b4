package helm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm"
)

func (w *world) claim() error {
	_, err := w.client.CoreV1().PersistentVolumeClaims(w.room.Namespace).Get(w.t.Context(), "shop-data", meta.GetOptions{})
	return err
}

// However a volume claim leaves a release, it stays in the cluster.
func TestVolumeClaimsStay(t *testing.T) {
	w := newWorld(t)
	w.apply()
	w.apply("claim=true")
	w.apply("claim=false", "image.tag=v2")
	if err := w.claim(); err != nil {
		t.Fatal("after an upgrade: ", err)
	}
	w.apply("claim=true")
	if _, err := w.helm().RollBack(t.Context(), east, rapbot.App, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.claim(); err != nil {
		t.Fatal("after a rollback: ", err)
	}
	w.apply("claim=true")
	r, err := w.helm().RollBack(t.Context(), east, rapbot.App, 0)
	if err != nil || w.configMap("shop-config") != nil {
		t.Fatalf("uninstall: %+v, %v", r, err)
	}
	if err := w.claim(); err != nil {
		t.Fatal("after uninstalling: ", err)
	}
}

func TestStatefulSetThatTakesItsVolumesWithIt(t *testing.T) {
	w := newWorld(t)
	w.apply("server=Delete")
	_, err := w.helm().RollBack(t.Context(), east, rapbot.App, 0)
	expect(t, err, rapbot.Precondition)
	if w.configMap("shop-config") == nil {
		t.Error("it was uninstalled")
	}
	w.apply("server=Retain")
	if _, err := w.helm().RollBack(t.Context(), east, rapbot.App, 0); err != nil {
		t.Error(err)
	}
}

// A region that does not answer holds nobody else up (R9).
func TestDarkRegion(t *testing.T) {
	w := newWorld(t)
	const west = "us-west-2"
	dark := w.config.Regions[0]
	dark.Name = west
	listening := silentServer(t)
	dark.Cluster = reach(&rest.Config{Host: listening})
	w.config.Regions = append(w.config.Regions, dark)
	h := w.helm()
	pending := make(chan error, 2)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		pending <- second(h.Preview(ctx, rapbot.Change{Region: west, Part: rapbot.App}))
	}()
	go func() {
		pending <- second(h.Release(ctx, west, rapbot.App))
	}()
	if _, err := h.Apply(t.Context(), change("image.tag=v1")); err != nil {
		t.Error(err)
	}
	select {
	case err := <-pending:
		t.Fatal("the dark region has answered: ", err)
	default:
	}
	giveUp()
	for range 2 {
		expect(t, <-pending, rapbot.Unavailable)
	}
	brief := w.helm(func(c *helm.Config) { c.Timeout, c.ApplyTimeout = 200*time.Millisecond, 200*time.Millisecond })
	for name, err := range map[string]error{
		"release": second(brief.Release(t.Context(), west, rapbot.App)), "history": second(brief.History(t.Context(), west, rapbot.App, 1)),
		"values": second(brief.Values(t.Context(), west, rapbot.App)), "preview": second(brief.Preview(t.Context(), rapbot.Change{Region: west, Part: rapbot.App})),
		"apply": second(brief.Apply(t.Context(), rapbot.Change{Region: west, Part: rapbot.App})), "roll back": second(brief.RollBack(t.Context(), west, rapbot.App, 1)),
		"preview of a rollback": second(brief.PreviewRollBack(t.Context(), west, rapbot.App, 1)),
	} {
		expect(t, err, rapbot.Unavailable)
		if want := "The API server of us-west-2 gave no answer in 200 ms. Nothing was changed."; !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestChangesOfOneReleaseExcludeEachOther(t *testing.T) {
	w := newWorld(t)
	h := w.helm()
	ended := make(chan error, 3)
	for i := range 3 {
		go func() { ended <- second(h.Apply(t.Context(), change(fmt.Sprintf("config.n%d=x", i)))) }()
	}
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if c := w.configMap("shop-config"); c["n0"]+c["n1"]+c["n2"] != "xxx" || len(w.history()) != 3 {
		t.Errorf("the ConfigMap %v after %d revisions", c, len(w.history()))
	}
	go func() { ended <- second(h.Apply(t.Context(), change("hook=pre-upgrade"))) }()
	w.awaitHook()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	expect(t, second(h.Apply(ctx, change())), rapbot.Conflict)
	expect(t, second(h.Preview(t.Context(), change())), rapbot.Conflict)
	w.endHook("Complete")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What Helm needs of a region: its own Secrets, and of the chart's kinds what
// server-side apply takes. Nothing is watched without hooks, and no namespace is
// looked at that may not be.
func TestLeastPrivilege(t *testing.T) {
	w := newWorld(t)
	rules := []rbac.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "create", "update", "patch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "create", "patch", "delete"}},
		{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get", "create", "patch", "delete"}},
	}
	roles := w.client.RbacV1()
	if _, err := roles.Roles(w.room.Namespace).Create(t.Context(), &rbac.Role{ObjectMeta: meta.ObjectMeta{Name: "rapbot"}, Rules: rules}, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbac.RoleBinding{
		ObjectMeta: meta.ObjectMeta{Name: "rapbot"}, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: "rapbot"},
		Subjects: []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: "rapbot-helm"}},
	}
	if _, err := roles.RoleBindings(w.room.Namespace).Create(t.Context(), binding, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	lesser := rest.CopyConfig(w.room.Region(east).Config)
	lesser.Impersonate.UserName = "rapbot-helm"
	w.config.Regions[0].Cluster = reach(lesser)
	until(t, "the role counts", func(ctx context.Context) bool {
		return rapbot.ErrorCode(second(w.helm().Release(ctx, east, rapbot.App))) == rapbot.NotFound
	})
	// The chart asks for the namespaces, which may not be looked at.
	if err := second(w.helm().Preview(t.Context(), change())); rapbot.ErrorCode(err) != rapbot.Invalid || !strings.Contains(err.Error(), `namespaces "default" is forbidden`) {
		t.Fatal(err)
	}
	w.apply("look=false")
	w.apply("image.tag=v2")
	if _, err := w.helm().RollBack(t.Context(), east, rapbot.App, 0); err != nil {
		t.Error(err)
	}
	lesser.Impersonate.UserName = "nobody-at-all"
	err := second(w.helm().Release(t.Context(), east, rapbot.App))
	expect(t, err, rapbot.Unavailable)
	if !strings.Contains(err.Error(), "secrets is forbidden") {
		t.Error(err)
	}
}

// No secret stands in anything that is said (R10).
func TestNoSecretIsSaid(t *testing.T) {
	w := newWorld(t)
	core, said := observer.New(zap.DebugLevel)
	h := w.helm(logTo(zap.New(core)))
	const password, number = "hunter2-in-the-values", "48150162342"
	w.file("database: {password: " + password + "}")
	var texts []string
	try := func(set ...string) {
		p, err := h.Preview(t.Context(), change(set...))
		texts = append(texts, fmt.Sprintf("%+v %+v", p, err))
		r, err := h.Apply(t.Context(), change(set...))
		texts = append(texts, fmt.Sprintf("%+v %+v", r, err))
		if e, is := err.(*rapbot.Error); is {
			texts = append(texts, fmt.Sprint(e.Err))
		}
	}
	try("token=" + number)                     // refused by the server, which repeats the value
	try("database.password=" + password + " ") // refused by the schema, which repeats the value
	try("fail=true")                           // refused by the chart itself, which repeats the value
	try("image.tag=v1")
	try("database.password=another-" + password)
	values, err := h.Values(t.Context(), east, rapbot.App)
	texts = append(texts, fmt.Sprint(values, err))
	for _, entry := range said.All() {
		texts = append(texts, fmt.Sprint(entry.Message, entry.ContextMap()))
		if entry.Level != zap.DebugLevel {
			t.Errorf("logged at level %s: %s", entry.Level, entry.Message)
		}
	}
	for _, text := range texts {
		if strings.Contains(text, password) || strings.Contains(text, number) {
			t.Errorf("a secret is said: %s", text)
		}
	}
	for _, want := range []string{"stringData.token", "'/database/password'", "the password is (hidden)", "+   password: (hidden)", "(hidden, changed)", "creating upgraded release"} {
		if !strings.Contains(strings.Join(texts, "\n"), want) {
			t.Errorf("nowhere is said %q:\n%s", want, strings.Join(texts[:6], "\n"))
		}
	}
	if w.deployment().Spec.Template.Spec.Containers[0].Env[0].Value != "another-"+password {
		t.Error("what was applied is masked")
	}
}
