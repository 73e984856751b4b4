package real

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/integrations/argocd"
	"github.com/rap-analyzer/rapbot/lab/gitops"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

const (
	east  = "us-east-1"
	west  = "us-west-2"
	space = "rap-analyzer"
)

// world is two regions, and Argo CD in the first of them.
type world struct {
	*testing.T
	room   *lab.Room
	gitops *gitops.Argo
	config argocd.Config
	argo   *argocd.Argo
}

func newWorld(t *testing.T) *world {
	t.Helper()
	room := lab.FreshForTest(t, east, west)
	a, err := gitops.Start(t.Context(), gitops.Options{Dir: t.TempDir(), Home: room.Region(east), Clusters: room.Regions(), Log: t.Logf})
	must(t, err)
	w := &world{T: t, room: room, gitops: a}
	t.Cleanup(func() {
		if t.Failed() {
			w.tellLogs()
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	w.config = argocd.Config{
		Where: east, Rest: w.account(), Context: east, Regions: []argocd.Region{{Name: east}, {Name: west}}, Manifest: w.manifest(), Timeout: 20 * time.Second,
	}
	w.argo, err = argocd.New(w.config)
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// manifest is the ApplicationSet that is shipped, of this repository.
func (w *world) manifest() []byte {
	w.Helper()
	text, err := charts.FS.ReadFile("multi-region/applicationset.yaml")
	must(w, err)
	return []byte(strings.Replace(string(text), "https://github.com/rap-analyzer/rapbot.git", w.gitops.Repository.URL, 1))
}

// rules are what the Role of charts/rapbot gives in Argo CD's namespace.
var rules = []rbacv1.PolicyRule{
	{APIGroups: []string{"argoproj.io"}, Resources: []string{"applications", "applicationsets"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{"argoproj.io"}, Resources: []string{"applicationsets"}, ResourceNames: []string{"rap-analyzer"}, Verbs: []string{"patch"}},
	{APIGroups: []string{"argoproj.io"}, Resources: []string{"applicationsets"}, Verbs: []string{"create"}},
}

// account is the way of somebody who may do that and nothing else.
func (w *world) account() *rest.Config {
	w.Helper()
	ctx, c, in := w.Context(), w.room.Region(east).Client, gitops.Namespace
	_, err := c.CoreV1().ServiceAccounts(in).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "rapbot"}}, metav1.CreateOptions{})
	must(w, err)
	_, err = c.RbacV1().Roles(in).Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "rapbot-argocd"}, Rules: rules}, metav1.CreateOptions{})
	must(w, err)
	_, err = c.RbacV1().RoleBindings(in).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "rapbot-argocd"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "rapbot-argocd"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "rapbot", Namespace: in}},
	}, metav1.CreateOptions{})
	must(w, err)
	token, err := c.CoreV1().ServiceAccounts(in).CreateToken(ctx, "rapbot", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(w, err)
	config := rest.AnonymousClientConfig(w.room.Region(east).Config)
	config.BearerToken = token.Status.Token
	return config
}

// may replaces what the account may do.
func (w *world) may(rules ...rbacv1.PolicyRule) {
	w.Helper()
	_, err := w.room.Region(east).Client.RbacV1().Roles(gitops.Namespace).Update(w.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "rapbot-argocd"}, Rules: rules}, metav1.UpdateOptions{})
	must(w, err)
}

func (w *world) apply(c rapbot.Change) rapbot.Release {
	w.Helper()
	c.Part = rapbot.App
	r, err := w.argo.Apply(w.Context(), c)
	must(w, err)
	return r
}

// keeps waits until Argo CD says so of a region.
func (w *world) keeps(region, what string, so func(rapbot.Keeping) bool) rapbot.Keeping {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
	defer cancel()
	var k rapbot.Keeping
	var last error
	err := wait.Until(ctx, 200*time.Millisecond, func() bool {
		if dead := w.gitops.Casualty(); dead != "" {
			w.Fatal("a program of Argo CD has ended: ", dead)
		}
		k, last = w.argo.Keeping(ctx, region, rapbot.App)
		return last == nil && so(k)
	})
	if err != nil {
		w.Fatalf("%s never happened: %+v, %v", what, k, last)
	}
	w.Logf("%s: %s: %s; %s", region, what, k.Says, k.Trouble)
	return k
}

// settles waits until Argo CD says that all is well, and looks that the cluster
// runs what it says.
func (w *world) settles(region, version string) {
	w.Helper()
	w.keeps(region, "all is well with "+version, func(k rapbot.Keeping) bool { return k.Settled })
	d := w.deployment(region)
	if image := d.Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+version) || d.Status.UpdatedReplicas != *d.Spec.Replicas || d.Status.AvailableReplicas != *d.Spec.Replicas {
		w.Fatalf("%s runs %s, %+v", region, image, d.Status)
	}
}

func (w *world) deployment(region string) *appsv1.Deployment {
	w.Helper()
	d, err := w.room.Region(region).Client.AppsV1().Deployments(space).Get(w.Context(), "rap-analyzer", metav1.GetOptions{})
	must(w, err)
	return d
}

// host is where the application of a region looks for its database.
func (w *world) host(region string) string {
	w.Helper()
	c, err := w.room.Region(region).Client.CoreV1().ConfigMaps(space).Get(w.Context(), "rap-analyzer-config", metav1.GetOptions{})
	must(w, err)
	return c.Data["DATABASE_HOST"]
}

// patch changes the ApplicationSet as somebody else would.
func (w *world) patch(patch string) {
	w.Helper()
	_, err := w.gitops.Dynamic.Resource(gitops.Sets).Namespace(gitops.Namespace).Patch(w.Context(), "rap-analyzer", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	must(w, err)
}

// refresh is what a repository's webhook brings about, and in minutes time does.
func (w *world) refresh(region string) {
	w.Helper()
	patch := []byte(`{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"hard"}}}`)
	_, err := w.gitops.Dynamic.Resource(gitops.Applications).Namespace(gitops.Namespace).Patch(w.Context(), "rap-analyzer-"+region, types.MergePatchType, patch, metav1.PatchOptions{})
	must(w, err)
}

func (w *world) set() *unstructured.Unstructured {
	w.Helper()
	o, err := w.gitops.Dynamic.Resource(gitops.Sets).Namespace(gitops.Namespace).Get(w.Context(), "rap-analyzer", metav1.GetOptions{})
	must(w, err)
	return o
}

// tellLogs shows the ends of what Argo CD's programs have said.
func (w *world) tellLogs() {
	for _, name := range []string{"redis-server", "argocd-repo-server", "argocd-applicationset-controller", "argocd-application-controller"} {
		text, err := os.ReadFile(w.gitops.LogFile(name))
		lines := strings.Split(string(text), "\n")
		w.Logf("%s (%v):\n%s", name, err, strings.Join(lines[max(0, len(lines)-25):], "\n"))
	}
}

func expect(t testing.TB, err error, code rapbot.Code, words string) {
	t.Helper()
	if err == nil || rapbot.ErrorCode(err) != code || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v (%s), want %s with %q", err, rapbot.ErrorCode(err), code, words)
	}
}

func tag(version string) []string { return []string{fmt.Sprintf("image.tag=%s", version)} }
