package kubernetes_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

func TestRestart(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	apps := w.room.Region(west).Client.AppsV1()
	w.deployment(west, 2, "rap-analyzer:v1")
	w.set(west, "postgresql-primary", "postgresql:15", "")
	w.runs()
	w.shows(west, "settled", func(c rapbot.Cluster) bool { return c.App.Settled && c.Database.Settled })
	uids := func() map[types.UID]bool {
		found := map[types.UID]bool{}
		for _, p := range made[*podList](t)(w.room.Region(west).Client.CoreV1().Pods(w.room.Namespace).List(t.Context(), metav1.ListOptions{})).Items {
			found[p.UID] = true
		}
		return found
	}
	before := uids()
	for _, part := range []rapbot.Part{rapbot.App, rapbot.Database} {
		must(t, w.fleet.Restart(t.Context(), west, part, "2026-01-02T03:04:05Z"))
	}
	w.shows(west, "both restarted and settled", func(c rapbot.Cluster) bool {
		return c.App.Settled && c.Database.Settled && c.App.Restart == "2026-01-02T03:04:05Z" && c.Database.Restart == "2026-01-02T03:04:05Z"
	})
	for uid := range uids() {
		if before[uid] {
			t.Error("a pod was not replaced")
		}
	}
	d := made[*appsv1.Deployment](t)(apps.Deployments(w.room.Namespace).Get(t.Context(), "rap-analyzer", metav1.GetOptions{}))
	if got := d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"]; got != "2026-01-02T03:04:05Z" {
		t.Errorf("kubectl shows a restart at %q", got)
	}
	must(t, w.fleet.Restart(t.Context(), west, rapbot.App, "2026-01-02T03:04:05Z"))
	again := made[*appsv1.Deployment](t)(apps.Deployments(w.room.Namespace).Get(t.Context(), "rap-analyzer", metav1.GetOptions{}))
	if again.Generation != d.Generation {
		t.Error("the same stamp restarted the pods again")
	}
}

func TestRefusedChanges(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	apps, ctx := w.room.Region(west).Client.AppsV1(), t.Context()
	f := w.fleet
	expectError(t, f.Scale(ctx, "mars", rapbot.App, 1), rapbot.NotFound, "No cluster is configured")
	expectError(t, f.Scale(ctx, west, "cache", 1), rapbot.NotFound, "There is no part")
	expectError(t, f.Restart(ctx, west, "cache", "s"), rapbot.NotFound, "There is no part")
	expectError(t, f.Scale(ctx, west, rapbot.App, -1), rapbot.Invalid, "-1 pods")
	expectError(t, f.Scale(ctx, west, rapbot.App, 10_000), rapbot.Invalid, "from 0 to 1000")
	expectError(t, f.Restart(ctx, west, rapbot.App, ""), rapbot.Invalid, "a stamp")
	for _, part := range []rapbot.Part{rapbot.App, rapbot.Database} {
		expectError(t, f.Scale(ctx, west, part, 1), rapbot.NotFound, "Nothing was changed.")
		expectError(t, f.Restart(ctx, west, part, "s"), rapbot.NotFound, "Nothing was changed.")
	}

	w.deployment(west, 1, "rap-analyzer:v1")
	patch := func(text string) {
		_, err := apps.Deployments(w.room.Namespace).Patch(ctx, "rap-analyzer", types.MergePatchType, []byte(text), metav1.PatchOptions{})
		must(t, err)
	}
	patch(`{"spec":{"paused":true}}`)
	expectError(t, f.Restart(ctx, west, rapbot.App, "s"), rapbot.Conflict, "kubectl --context us-west-2 --namespace "+w.room.Namespace+" rollout resume deployment rap-analyzer")
	w.set(west, "postgresql-primary", "postgresql:15", "")
	_, err := apps.StatefulSets(w.room.Namespace).Patch(ctx, "postgresql-primary", types.MergePatchType, []byte(`{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}`), metav1.PatchOptions{})
	must(t, err)
	expectError(t, f.Restart(ctx, west, rapbot.Database, "s"), rapbot.Conflict, "OnDelete")
	w.set(west, "postgresql-replica", "postgresql:15", "")
	expectError(t, f.Scale(ctx, west, rapbot.Database, 0), rapbot.Conflict, "has both postgresql-primary and postgresql-replica. Nothing was changed.")

	// By somebody who may read and no more.
	region := w.room.Region(west)
	token := account(t, region, w.room.Namespace, "reader", nil)
	config := w.configs[1]
	config.Rest = as(region, token)
	reader, err := kubernetes.Open([]kubernetes.RegionConfig{config}, w.opt)
	must(t, err)
	expectError(t, reader.Scale(ctx, west, rapbot.App, 3), rapbot.Invalid, "cannot patch resource")
	config.Rest = as(region, "hunter2")
	stranger, err := kubernetes.Open([]kubernetes.RegionConfig{config}, w.opt)
	must(t, err)
	expectError(t, stranger.Scale(ctx, west, rapbot.App, 3), rapbot.Unavailable, "it does not accept rapbot's credentials")
}
