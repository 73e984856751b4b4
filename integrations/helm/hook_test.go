package helm_test

import (
	"context"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// awaitHook waits until Helm is at the hook shop-hook, and so in the middle of a
// change.
func (w *world) awaitHook() {
	w.t.Helper()
	until(w.t, "the hook is begun", func(ctx context.Context) bool {
		_, err := w.client.BatchV1().Jobs(w.room.Namespace).Get(ctx, "shop-hook", meta.GetOptions{})
		return err == nil
	})
}

// endHook ends the hook, well or not.
func (w *world) endHook(how batch.JobConditionType) {
	w.t.Helper()
	jobs := w.client.BatchV1().Jobs(w.room.Namespace)
	job, err := jobs.Get(w.t.Context(), "shop-hook", meta.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	now := meta.NewTime(time.Now())
	job.Status.StartTime, job.Status.CompletionTime = &now, &now
	before, done := batch.JobSuccessCriteriaMet, int32(1)
	if how == batch.JobFailed {
		before, done, job.Status.CompletionTime = batch.JobFailureTarget, 0, nil
	}
	job.Status.Succeeded = done
	for _, kind := range []batch.JobConditionType{before, how} {
		job.Status.Conditions = append(job.Status.Conditions, batch.JobCondition{Type: kind, Status: core.ConditionTrue, LastTransitionTime: now})
	}
	if _, err := jobs.UpdateStatus(w.t.Context(), job, meta.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) removeHook() {
	w.t.Helper()
	background := meta.DeletePropagationBackground
	if err := w.client.BatchV1().Jobs(w.room.Namespace).Delete(w.t.Context(), "shop-hook", meta.DeleteOptions{PropagationPolicy: &background}); err != nil {
		w.t.Fatal(err)
	}
}
