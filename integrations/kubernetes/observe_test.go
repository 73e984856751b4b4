package kubernetes_test

import (
	"context"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

const west = "us-west-2"

func TestMemoryFollowsTheCluster(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	c := w.room.Region(west).Client
	apps, ctx := c.AppsV1(), t.Context()
	w.runs()
	first := w.shows(west, "an empty cluster answers", func(c rapbot.Cluster) bool { return c.Answered })
	if first.App.Found || first.Database.Found || first.Backup.Found || first.Host != "" || len(first.Lacks) > 0 || first.LastAnswer != first.At {
		t.Errorf("an empty cluster: %+v", first)
	}
	w.deployment(west, 3, "rap-analyzer:v1")
	w.set(west, "postgresql-replica", "postgresql:15", "")
	w.shows(west, "both are settled", func(c rapbot.Cluster) bool {
		return c.App.Settled && c.App.Ready == 3 && c.App.Version == "v1" && c.Database.Settled && c.Database.Name == "postgresql-replica" && c.Database.Ready == 1
	})

	made[*corev1.ConfigMap](t)(c.CoreV1().ConfigMaps(w.room.Namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "rap-analyzer-config"}, Data: map[string]string{"DATABASE_HOST": "pg.example.com"}}, metav1.CreateOptions{}))
	w.shows(west, "the host", func(c rapbot.Cluster) bool { return c.Host == "pg.example.com" })

	_, err := apps.Deployments(w.room.Namespace).Patch(ctx, "rap-analyzer", types.StrategicMergePatchType, []byte(`{"spec":{"template":{"spec":{"containers":[{"name":"rap-analyzer","image":"rap-analyzer:v2-imagepull"}]}}}}`), metav1.PatchOptions{})
	must(t, err)
	stuck := w.shows(west, "the image cannot be pulled", func(c rapbot.Cluster) bool { return strings.HasPrefix(c.App.Trouble, "ImagePullBackOff: ") })
	if stuck.App.Settled || stuck.App.Version != "v2-imagepull" || stuck.App.Ready < 2 || stuck.App.Updated == 3 {
		t.Errorf("a stuck rollout: %+v", stuck.App)
	}

	must(t, w.fleet.Scale(ctx, west, rapbot.App, 0))
	w.shows(west, "no pod is left", func(c rapbot.Cluster) bool { return c.App.Desired == 0 && c.App.Pods == 0 && c.App.Settled })
	must(t, apps.StatefulSets(w.room.Namespace).Delete(ctx, "postgresql-replica", metav1.DeleteOptions{}))
	w.shows(west, "the StatefulSet is gone", func(c rapbot.Cluster) bool { return !c.Database.Found })
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		if c := w.cluster(region); !c.Answered || c.App.Found {
			t.Errorf("%s: %+v", region, c)
		}
	}
}

func TestBackupIsSeen(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	batch, ctx := w.room.Region(west).Client.BatchV1(), t.Context()
	w.runs()
	cron := made[*batchv1.CronJob](t)(batch.CronJobs(w.room.Namespace).Create(ctx, &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: "postgresql-backup"},
		Spec: batchv1.CronJobSpec{Schedule: "0 3 * * *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "backup", Image: "postgresql:15"}},
		}}}}},
	}, metav1.CreateOptions{}))
	w.shows(west, "the CronJob", func(c rapbot.Cluster) bool { return c.Backup.Found && c.Backup.LastSuccess.IsZero() })
	made[*batchv1.Job](t)(batch.Jobs(w.room.Namespace).Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "by-hand", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cron, batchv1.SchemeGroupVersion.WithKind("CronJob"))}}, Spec: cron.Spec.JobTemplate.Spec,
	}, metav1.CreateOptions{}))
	w.shows(west, "a backup runs", func(c rapbot.Cluster) bool { return c.Backup.Running || !c.Backup.LastSuccess.IsZero() })
	w.shows(west, "a backup is done", func(c rapbot.Cluster) bool { return !c.Backup.Running && time.Since(c.Backup.LastSuccess) < time.Hour })
	_, err := batch.CronJobs(w.room.Namespace).Patch(ctx, cron.Name, types.MergePatchType, []byte(`{"spec":{"suspend":true}}`), metav1.PatchOptions{})
	must(t, err)
	w.shows(west, "it is suspended", func(c rapbot.Cluster) bool { return c.Backup.Suspended })
}

// What a Role forgets hides one thing and not the whole region.
func TestMissingRightHidesOneThing(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	rbac := w.room.Region(west).Client.RbacV1().Roles(w.room.Namespace)
	w.runs()
	w.deployment(west, 1, "rap-analyzer:v1")
	w.shows(west, "all is seen", func(c rapbot.Cluster) bool { return c.App.Settled && !lacks(c, "the right to list") })
	forget := func(resource string) {
		role := made[*rbacv1.Role](t)(rbac.Get(t.Context(), "rapbot-"+w.room.Namespace, metav1.GetOptions{}))
		var kept []rbacv1.PolicyRule
		for _, rule := range role.Rules {
			if rule.Resources[0] != resource {
				kept = append(kept, rule)
			}
		}
		role.Rules = kept
		made[*rbacv1.Role](t)(rbac.Update(t.Context(), role, metav1.UpdateOptions{}))
	}
	forget("cronjobs")
	eventually(t, "one right is missed", func() bool {
		c := w.fleet.ObserveClusters(t.Context())[1]
		return c.Answered && c.App.Settled && lacks(c, "the right to list cronjobs") && !lacks(c, "a backup")
	})
	forget("deployments")
	eventually(t, "without the deployments nothing can be said", func() bool {
		c := w.fleet.ObserveClusters(t.Context())[1]
		return !c.Answered && strings.Contains(c.Fault, "deployments") && c.App.Settled
	})
}

func lacks(c rapbot.Cluster, what string) bool {
	for _, l := range c.Lacks {
		if strings.HasPrefix(l.What, what) {
			return true
		}
	}
	return false
}

// The Applications of all regions stand in one cluster, which may learn of such
// a thing while rapbot runs.
func TestGitOpsIsSeen(t *testing.T) {
	room := lab.FreshForTest(t, "us-east-1", west)
	must(t, room.Region("us-east-1").Namespace(t.Context(), "argocd"))
	w := newWorld(t, room, func(c *kubernetes.RegionConfig) { c.GitOps.Region = "us-east-1" })
	w.runs()
	w.shows(west, "it answers without Argo CD", func(c rapbot.Cluster) bool { return c.Answered && c.GitOps == rapbot.GitOps{} })
	admin, err := dynamic.NewForConfig(room.Region("us-east-1").Config)
	must(t, err)
	made[*unstructured.Unstructured](t)(admin.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}).Create(t.Context(), applicationsCRD(), metav1.CreateOptions{}))
	applications := admin.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}).Namespace("argocd")
	app := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": "rap-analyzer-" + west},
		"spec":   map[string]any{"source": map[string]any{"targetRevision": "v2"}},
		"status": map[string]any{"sync": map[string]any{"status": "Synced"}, "health": map[string]any{"status": "Progressing"}},
	}}
	eventually(t, "the cluster takes an Application", func() bool {
		_, err := applications.Create(t.Context(), app, metav1.CreateOptions{})
		return err == nil
	})
	want := rapbot.GitOps{Application: "rap-analyzer-" + west, Sync: "Synced", Health: "Progressing", Version: "v2"}
	eventually(t, "who asks sees it", func() bool {
		w.fleet.ObserveClusters(t.Context())
		return w.cluster(west).GitOps == want && w.cluster("us-east-1").GitOps == rapbot.GitOps{}
	})
	_, err = applications.Patch(t.Context(), app.GetName(), types.MergePatchType, []byte(`{"status":{"health":{"status":"Healthy"}}}`), metav1.PatchOptions{})
	must(t, err)
	want.Health = "Healthy"
	w.shows(west, "the memory follows it", func(c rapbot.Cluster) bool { return c.GitOps == want })
}

func applicationsCRD() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "applications.argoproj.io"},
		"spec": map[string]any{
			"group": "argoproj.io", "scope": "Namespaced", "names": map[string]any{"kind": "Application", "listKind": "ApplicationList", "plural": "applications", "singular": "application"},
			"versions": []any{map[string]any{"name": "v1alpha1", "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}},
		},
	}}
}

// Nobody waits for an answer that nobody wants any more, and nothing is learned
// from its absence.
func TestCancelledLookTeachesNothing(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	before := w.fleet.ObserveClusters(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i, c := range w.fleet.ObserveClusters(ctx) {
		if !c.Answered || !c.At.Equal(before[i].At) {
			t.Errorf("%+v", c)
		}
	}
}
