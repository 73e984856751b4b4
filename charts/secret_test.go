package charts

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/engine"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

const credentials = "Secret/postgresql-primary-credentials"

// Passwords are made up for a primary that is installed without any, and stand in the Secret and nowhere else.
func TestPasswords(t *testing.T) {
	all := render(t, postgresql, everything)
	made := get[*corev1.Secret](t, all, credentials)
	if got := strings.Join(slices.Sorted(maps.Keys(made.Data)), " "); got != "app monitor rapbot replication superuser" {
		t.Fatalf("logins %s", got)
	}
	for login, word := range made.Data {
		if len(word) != 32 {
			t.Errorf("the password of %s has %d characters", login, len(word))
		}
		for key, object := range all {
			plain, coded := string(word), base64.StdEncoding.EncodeToString(word)
			if said := text(object); key != credentials && (strings.Contains(said, plain) || strings.Contains(said, coded)) {
				t.Errorf("%s has the password of %s", key, login)
			}
		}
	}
	if render(t, postgresql, existing)[credentials] != nil {
		t.Error("it makes a Secret beside the one that there is")
	}
	some := get[*corev1.Secret](t, render(t, postgresql, "superuser: {existingSecret: s}"), credentials)
	if _, is := some.Data["superuser"]; is || len(some.Data) != 4 {
		t.Errorf("it makes up %d passwords", len(some.Data))
	}
}

// cluster is an API server that has some objects, for templates that look things up.
type cluster struct{ dynamic.Interface }

func (c cluster) GetClientFor(apiVersion, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	version, err := schema.ParseGroupVersion(apiVersion)
	return c.Resource(version.WithResource(strings.ToLower(kind) + "s")), true, err
}

func renderOn(t *testing.T, values string, there ...runtime.Object) (objects, error) {
	t.Helper()
	loaded := loadChart(t, postgresql)
	top, err := util.ToRenderValues(loaded, valuesOf(t, values), common.ReleaseOptions{Name: "postgresql-x", Namespace: namespace, Revision: 2, IsUpgrade: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.RenderWithClientProvider(loaded, top, cluster{fake.NewSimpleDynamicClient(scheme.Scheme, there...)})
	all := objects{}
	if err == nil {
		decode(t, "secret", rendered["postgresql/templates/secret.yaml"], all)
	}
	return all, err
}

// An upgrade keeps the passwords, also those of a primary that has become a replica.
func TestPasswordsAreKept(t *testing.T) {
	there := &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: "postgresql-primary-credentials", Namespace: namespace},
		Data: map[string][]byte{"superuser": []byte("a"), "replication": []byte("b"), "rapbot": []byte("c"), "app": []byte("d"), "monitor": []byte("e")},
	}
	for _, values := range []string{"", "name: postgresql-primary\nrole: replica\nprimary: {host: a}"} {
		all, err := renderOn(t, values, there)
		if err != nil {
			t.Fatal(err)
		}
		if got := get[*corev1.Secret](t, all, credentials).Data; !maps.EqualFunc(got, there.Data, slices.Equal) {
			t.Errorf("the passwords are now %v", got)
		}
	}
}

// Without a name of its own a release whose role changes would take its server away and begin another.
func TestNameStays(t *testing.T) {
	there := &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{Name: "postgresql-primary", Namespace: namespace, Annotations: map[string]string{"meta.helm.sh/release-name": "postgresql-x"}},
	}
	_, err := renderOn(t, "role: replica\nprimary: {host: a}\n"+existing, there)
	if err == nil || !strings.Contains(err.Error(), "set name: postgresql-primary, since the name must not change with the role") {
		t.Errorf("it says %v", err)
	}
	if _, err := renderOn(t, "role: replica\nname: postgresql-primary\nprimary: {host: a}\n"+existing, there); err != nil {
		t.Error(err)
	}
}
