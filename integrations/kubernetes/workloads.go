package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rap-analyzer/rapbot"
)

// fieldManager is who the API server is told that rapbot's changes come from.
const fieldManager = "rapbot"

// Restart puts the stamp on the pods' template. kubectl's own annotation gets
// the same one, so that the same stamp twice changes nothing.
func (f *Fleet) Restart(ctx context.Context, region string, part rapbot.Part, stamp string) error {
	r, err := f.of(region)
	if err != nil {
		return err
	}
	if stamp == "" {
		return rapbot.Refuse(rapbot.Invalid, "A restart needs a stamp that tells it from the one before.", "This is a defect of rapbot's own.")
	}
	wait := patience(ctx, f.opt.Timeout)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{restartStamp: stamp, kubectlsRestart: stamp},
	}}}})
	if err != nil {
		return err
	}
	options := metav1.PatchOptions{FieldManager: fieldManager}
	switch part {
	case rapbot.App:
		d, err := r.AppsV1().Deployments(r.Names.Namespace).Get(ctx, r.Names.Deployment, metav1.GetOptions{})
		if err == nil && d.Spec.Paused {
			return rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("The Deployment %s in %s is paused, so it would replace no pod.", d.Name, r.Name), "Resume it with `"+r.kubectl("rollout", "resume", "deployment", d.Name)+"`.")
		}
		if err == nil {
			_, err = r.AppsV1().Deployments(r.Names.Namespace).Patch(ctx, d.Name, types.StrategicMergePatchType, patch, options)
		}
		return r.outcome("The Deployment "+r.Names.Deployment, "restarted", err, f)
	case rapbot.Database:
		set, err := r.theSet(ctx)
		if err != nil {
			return r.outcome("PostgreSQL's StatefulSet", "restarted", err, f)
		}
		if set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
			return rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("The StatefulSet %s in %s replaces no pod by itself: its updateStrategy is OnDelete.", set.Name, r.Name), "Set it to RollingUpdate.")
		}
		_, err = r.AppsV1().StatefulSets(r.Names.Namespace).Patch(ctx, set.Name, types.StrategicMergePatchType, patch, options)
		return r.outcome("The StatefulSet "+set.Name, "restarted", err, f)
	}
	return noSuchPart(part)
}

// Scale sets how many pods are asked for.
func (f *Fleet) Scale(ctx context.Context, region string, part rapbot.Part, pods int) error {
	r, err := f.of(region)
	if err != nil {
		return err
	}
	if pods < 0 || pods > mostPods {
		return rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("%d pods cannot be asked for.", pods), fmt.Sprintf("Name a number from 0 to %d.", mostPods))
	}
	wait := patience(ctx, f.opt.Timeout)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	switch part {
	case rapbot.App:
		_, err := r.AppsV1().Deployments(r.Names.Namespace).Patch(ctx, r.Names.Deployment, types.MergePatchType, scaleTo(pods), metav1.PatchOptions{FieldManager: fieldManager}, "scale")
		return r.outcome("The Deployment "+r.Names.Deployment, "scaled", err, f)
	case rapbot.Database:
		set, err := r.theSet(ctx)
		if err != nil {
			return r.outcome("PostgreSQL's StatefulSet", "scaled", err, f)
		}
		return r.outcome("The StatefulSet "+set.Name, "scaled", r.scaleSet(ctx, set.Name, pods), f)
	}
	return noSuchPart(part)
}

// mostPods keeps a slip of the finger from filling a cluster.
const mostPods = 1000

func scaleTo(pods int) []byte { return fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, pods) }

func (r *region) scaleSet(ctx context.Context, name string, pods int) error {
	_, err := r.AppsV1().StatefulSets(r.Names.Namespace).Patch(ctx, name, types.MergePatchType, scaleTo(pods), metav1.PatchOptions{FieldManager: fieldManager}, "scale")
	return err
}

// theSet is PostgreSQL's StatefulSet. Code NotFound.
func (r *region) theSet(ctx context.Context) (*appsv1.StatefulSet, error) {
	set, err := r.findSet(ctx)
	if err == nil && set == nil {
		err = r.missing(rapbot.NotFound)
	}
	return set, err
}

// outcome is what came of a change. Refusals of rapbot's own pass through.
func (r *region) outcome(object, act string, err error, f *Fleet) error {
	if err == nil || rapbot.ErrorCode(err) != rapbot.Internal {
		return err
	}
	return r.failed(object, act, err, f.opt.Timeout)
}

func noSuchPart(part rapbot.Part) error {
	return rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("There is no part %.20q.", string(part)), "Name app or database.")
}
