package clusters

import (
	"maps"
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Every other test of this package is the proof that the chart of rapbot gives
// it the rights that it needs: it comes as that account. This one proves that it
// is refused everything else.
func TestRefused(t *testing.T) {
	s := open(t)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: s.fleet.kubeconfig()}, &clientcmd.ConfigOverrides{CurrentContext: "us-east-1"}).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AppsV1().Deployments(Namespace).Get(t.Context(), "rap-analyzer", meta.GetOptions{}); err != nil {
		t.Fatalf("what it may do fails too: %v", err) // else nothing below would be proven
	}
	tempting := tries(t, c)
	for _, what := range slices.Sorted(maps.Keys(tempting)) {
		if err := tempting[what](); !apierrors.IsForbidden(err) {
			t.Errorf("%s: it could, or was not refused for want of a right: %v", what, err)
		}
	}
	t.Logf("%d refused", len(tempting))
}

// tries are what somebody who got at rapbot's token would like to do.
func tries(t *testing.T, c kubernetes.Interface) map[string]func() error {
	v1, ctx := c.CoreV1(), t.Context()
	pod := func(sub string) func() error {
		return func() error {
			return v1.RESTClient().Post().Namespace(Namespace).Resource("pods").Name("postgresql-primary-0").SubResource(sub).Do(ctx).Error()
		}
	}
	mine := meta.ObjectMeta{Name: "mine"}
	admin := rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}
	return map[string]func() error{
		"read a password":          func() error { return second(v1.Secrets(Namespace).Get(ctx, "postgresql-superuser", meta.GetOptions{})) },
		"list the passwords":       func() error { return second(v1.Secrets(Namespace).List(ctx, meta.ListOptions{})) },
		"read its own namespace's": func() error { return second(v1.Secrets(botSpace).List(ctx, meta.ListOptions{})) },
		"read the system's":        func() error { return second(v1.Secrets("kube-system").List(ctx, meta.ListOptions{})) },
		"exec":                     pod("exec"),
		"attach":                   pod("attach"),
		"forward a port":           pod("portforward"),
		"evict":                    pod("eviction"),
		"make a pod": func() error {
			return second(v1.Pods(Namespace).Create(ctx, &core.Pod{ObjectMeta: mine, Spec: core.PodSpec{Containers: []core.Container{{Name: "c", Image: "c"}}}}, meta.CreateOptions{}))
		},
		"delete every pod": func() error {
			return v1.Pods(Namespace).DeleteCollection(ctx, meta.DeleteOptions{}, meta.ListOptions{})
		},
		"delete the data": func() error {
			return v1.PersistentVolumeClaims(Namespace).Delete(ctx, "data-postgresql-primary-0", meta.DeleteOptions{})
		},
		"delete the backups": func() error {
			return v1.PersistentVolumeClaims(Namespace).Delete(ctx, "postgresql-backup", meta.DeleteOptions{})
		},
		"widen its role": func() error {
			return second(c.RbacV1().Roles(Namespace).Patch(ctx, "rapbot", types.MergePatchType, []byte(`{"rules":[]}`), meta.PatchOptions{}))
		},
		"bind a role": func() error {
			return second(c.RbacV1().RoleBindings(Namespace).Create(ctx, &rbac.RoleBinding{ObjectMeta: mine, RoleRef: admin}, meta.CreateOptions{}))
		},
		"become an admin": func() error {
			return second(c.RbacV1().ClusterRoleBindings().Create(ctx, &rbac.ClusterRoleBinding{ObjectMeta: mine, RoleRef: admin}, meta.CreateOptions{}))
		},
		"see another namespace": func() error { return second(v1.Pods("kube-system").List(ctx, meta.ListOptions{})) },
		"see every namespace":   func() error { return second(v1.Namespaces().List(ctx, meta.ListOptions{})) },
		"see the nodes":         func() error { return second(v1.Nodes().List(ctx, meta.ListOptions{})) },
		"delete the namespace":  func() error { return v1.Namespaces().Delete(ctx, Namespace, meta.DeleteOptions{}) },
		"run in its own namespace": func() error {
			return second(c.AppsV1().Deployments(botSpace).Create(ctx, &apps.Deployment{ObjectMeta: mine}, meta.CreateOptions{}))
		},
	}
}

func second[T any](_ T, err error) error { return err }
