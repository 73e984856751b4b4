package kubernetes_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

// Every other test of this package is the proof that the table has enough in
// it: they run as who has these rights and no others. This one proves that it
// has no more.
func TestNothingElseIsAllowed(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), func(c *kubernetes.RegionConfig) { c.Names.StatefulSet = "postgresql-primary" })
	region, ns := w.room.Region(west), w.room.Namespace
	admin := region.Client
	w.deployment(west, 1, "rap-analyzer:v1")
	w.set(west, "postgresql-primary", "postgresql:15", "")
	w.set(west, "another", "postgresql:15", "")
	meta, ctx := metav1.ObjectMeta{Name: "mine"}, t.Context()
	made[*corev1.Secret](t)(admin.CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{ObjectMeta: meta}, metav1.CreateOptions{}))
	made[*corev1.ConfigMap](t)(admin.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: meta}, metav1.CreateOptions{}))
	config := w.configs[1].Rest
	c, err := client.NewForConfig(config)
	must(t, err)
	impersonating := rest.CopyConfig(config)
	impersonating.Impersonate.UserName = "system:admin"
	impersonating.Impersonate.Groups = []string{"system:masters"}
	other, err := client.NewForConfig(impersonating)
	must(t, err)
	patch := func(text string) []byte { return []byte(text) }
	core, apps := c.CoreV1(), c.AppsV1()
	none, list := metav1.GetOptions{}, metav1.ListOptions{}
	for what, try := range map[string]func() error{
		"read a secret":          func() error { _, err := core.Secrets(ns).Get(ctx, "mine", none); return err },
		"list the secrets":       func() error { _, err := core.Secrets(ns).List(ctx, list); return err },
		"read another configmap": func() error { _, err := core.ConfigMaps(ns).Get(ctx, "mine", none); return err },
		"list the configmaps":    func() error { _, err := core.ConfigMaps(ns).List(ctx, list); return err },
		"change the configmap": func() error {
			_, err := core.ConfigMaps(ns).Patch(ctx, "rap-analyzer-config", types.MergePatchType, patch(`{"data":{}}`), metav1.PatchOptions{})
			return err
		},
		"run a command in a pod": func() error {
			return core.RESTClient().Post().Namespace(ns).Resource("pods").Name("postgresql-primary-0").SubResource("exec").Param("command", "id").Param("stdout", "true").Do(ctx).Error()
		},
		"attach to a pod": func() error {
			return core.RESTClient().Post().Namespace(ns).Resource("pods").Name("postgresql-primary-0").SubResource("attach").Do(ctx).Error()
		},
		"forward a port of a pod": func() error {
			return core.RESTClient().Post().Namespace(ns).Resource("pods").Name("postgresql-primary-0").SubResource("portforward").Do(ctx).Error()
		},
		"make a pod": func() error {
			_, err := core.Pods(ns).Create(ctx, &corev1.Pod{ObjectMeta: meta, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "c"}}}}, metav1.CreateOptions{})
			return err
		},
		"delete another pod": func() error { return core.Pods(ns).Delete(ctx, "another-0", metav1.DeleteOptions{}) },
		"delete all pods":    func() error { return core.Pods(ns).DeleteCollection(ctx, metav1.DeleteOptions{}, list) },
		"evict a pod": func() error {
			return core.RESTClient().Post().Namespace(ns).Resource("pods").Name("postgresql-primary-0").SubResource("eviction").Do(ctx).Error()
		},
		"delete a claim": func() error {
			return core.PersistentVolumeClaims(ns).Delete(ctx, "data-postgresql-primary-0", metav1.DeleteOptions{})
		},
		"scale another set": func() error {
			_, err := apps.StatefulSets(ns).Patch(ctx, "another", types.MergePatchType, patch(`{"spec":{"replicas":0}}`), metav1.PatchOptions{}, "scale")
			return err
		},
		"delete the set":         func() error { return apps.StatefulSets(ns).Delete(ctx, "postgresql-primary", metav1.DeleteOptions{}) },
		"replace the deployment": func() error { return apps.Deployments(ns).Delete(ctx, "rap-analyzer", metav1.DeleteOptions{}) },
		"change the backup": func() error {
			_, err := c.BatchV1().CronJobs(ns).Patch(ctx, "postgresql-backup", types.MergePatchType, patch(`{"spec":{"suspend":true}}`), metav1.PatchOptions{})
			return err
		},
		"widen its role": func() error {
			_, err := c.RbacV1().Roles(ns).Patch(ctx, "rapbot-"+ns, types.MergePatchType, patch(`{"rules":[]}`), metav1.PatchOptions{})
			return err
		},
		"bind itself to a role": func() error {
			_, err := c.RbacV1().RoleBindings(ns).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}}, metav1.CreateOptions{})
			return err
		},
		"become a cluster admin": func() error {
			_, err := c.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}}, metav1.CreateOptions{})
			return err
		},
		"make tokens": func() error {
			_, err := core.ServiceAccounts(ns).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
			return err
		},
		"be somebody else":              func() error { _, err := other.CoreV1().Secrets(ns).List(ctx, list); return err },
		"see pods of another namespace": func() error { _, err := core.Pods("kube-system").List(ctx, list); return err },
		"see pods everywhere":           func() error { _, err := core.Pods("").List(ctx, list); return err },
		"make a Job elsewhere": func() error {
			_, err := c.BatchV1().Jobs("default").Create(ctx, &batchv1.Job{ObjectMeta: meta}, metav1.CreateOptions{})
			return err
		},
		"list the nodes": func() error { _, err := core.Nodes().List(ctx, list); return err },
		"cordon a node": func() error {
			_, err := core.Nodes().Patch(ctx, "us-west-2-fake-1", types.MergePatchType, patch(`{"spec":{"unschedulable":true}}`), metav1.PatchOptions{})
			return err
		},
		"list the namespaces":  func() error { _, err := core.Namespaces().List(ctx, list); return err },
		"delete its namespace": func() error { return core.Namespaces().Delete(ctx, ns, metav1.DeleteOptions{}) },
		"open the network": func() error {
			return c.NetworkingV1().NetworkPolicies(ns).Delete(ctx, "postgresql", metav1.DeleteOptions{})
		},
	} {
		if err := try(); !apierrors.IsForbidden(err) {
			t.Errorf("it could %s, or was not refused for want of a right: %v", what, err)
		}
	}
}

func TestMissingRights(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	if missing := w.fleet.Missing(t.Context()); len(missing) > 0 {
		t.Errorf("missing: %s", strings.Join(missing, "\n"))
	}
	rights := made[[]kubernetes.Right](t)(w.fleet.Rights(west))
	rights = slices.DeleteFunc(slices.Clone(rights), func(r kubernetes.Right) bool { return r.Resource == "statefulsets/scale" || r.Resource == "nodes" })
	w.configs[1].Rest = as(w.room.Region(west), account(t, w.room.Region(west), w.room.Namespace, "less", rights))
	want := []string{
		"us-west-2: may not get nodes of the cluster (optional to see whether the node of PostgreSQL's pod is alive)",
		"us-west-2: may not patch statefulsets/scale postgresql-primary in " + w.room.Namespace + " (needed to stop and to start PostgreSQL)",
		"us-west-2: may not patch statefulsets/scale postgresql-replica in " + w.room.Namespace + " (needed to stop and to start PostgreSQL)",
	}
	f := w.reopen()
	if missing := f.Missing(t.Context()); !slices.Equal(missing, want) {
		t.Errorf("missing:\n%s", strings.Join(missing, "\n"))
	}
	if _, err := f.Rights("mars"); rapbot.ErrorCode(err) != rapbot.NotFound {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if missing := f.Missing(ctx); len(missing) != 3 {
		t.Errorf("nobody could be asked, and missing are %q", missing)
	}
}

// The YAML that people apply is the very Roles that the tests run under.
func TestRolesYAML(t *testing.T) {
	f, err := kubernetes.Open([]kubernetes.RegionConfig{{Name: west, Rest: &rest.Config{Host: "https://127.0.0.1:1"}}}, kubernetes.Options{})
	must(t, err)
	rights := made[[]kubernetes.Right](t)(f.Rights(west))
	text, err := kubernetes.RolesYAML("rapbot", rights)
	must(t, err)
	roles, cluster := kubernetes.RolesOf("rapbot", rights)
	var kinds []string
	for document := range strings.SplitSeq(text, "---\n") {
		var read struct {
			rbacv1.Role
		}
		must(t, yaml.UnmarshalStrict([]byte(document), &read.Role))
		kinds = append(kinds, read.Kind+" "+read.Namespace)
		for _, role := range roles {
			if read.Namespace == role.Namespace && len(read.Rules) != len(role.Rules) {
				t.Errorf("%s has %d rules, want %d", read.Namespace, len(read.Rules), len(role.Rules))
			}
		}
	}
	if want := []string{"Role argocd", "Role rap-analyzer", "ClusterRole "}; !slices.Equal(kinds, want) || cluster == nil {
		t.Errorf("%q, want %q", kinds, want)
	}
}
