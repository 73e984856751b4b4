package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/rap-analyzer/rapbot"
)

// Labels of what rapbot makes.
const (
	labelManaged  = "app.kubernetes.io/managed-by"
	labelVolumeOf = "rapbot/volume-of" // the StatefulSet's name
	labelVerb     = "rapbot/verb"
)

// keepJob is how long a Job that has ended is kept for a rapbot that was away.
const keepJob = time.Hour

// jobName is the same for the same call upon the same data: nothing but a start
// of the server changes them, and that changes the StatefulSet's generation.
func jobName(set *appsv1.StatefulSet, call verb, command []string, env map[string]string) (string, error) {
	text, err := json.Marshal([]any{call.name, call.args, command, env, set.UID, set.Generation})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return strings.TrimRight(set.Name[:min(len(set.Name), 36)], "-.") + "-" + call.name + "-" + hex.EncodeToString(sum[:5]), nil
}

// volumeJobs are those upon a StatefulSet's data that are there.
func (r *region) volumeJobs(ctx context.Context, set *appsv1.StatefulSet) ([]batchv1.Job, error) {
	only := labels.Set{labelManaged: "rapbot", labelVolumeOf: set.Name}
	list, err := r.BatchV1().Jobs(r.Names.Namespace).List(ctx, metav1.ListOptions{LabelSelector: only.String()})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// commandOf are the words that run volume.sh in a container: as configured, the
// chart's entrypoint, or the script beside the boot gate.
func (r *region) commandOf(c *corev1.Container) ([]string, error) {
	if words := r.Volume.Command; len(words) > 0 {
		return words, nil
	}
	words, i, whose := starter(c)
	switch whose {
	case chartEntrypoint:
		return append(words[:i+1], "volume"), nil
	case bootGate:
		return []string{"/bin/sh", path.Join(path.Dir(words[i]), "volume.sh")}, nil
	}
	return nil, rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("PostgreSQL in %s was installed without volume.sh, so its data cannot be reached.", r.Name),
		"Install it with the chart: `"+r.helmDatabase()+"`.")
}

// What a container is started by that has the boot gate.
const (
	chartEntrypoint = "entrypoint.sh"
	bootGate        = "boot-gate.sh"
)

// starter finds the boot gate among the words that a container is started by,
// or the chart's entrypoint, which becomes it. Others have an entrypoint.sh too,
// and none of them is told its role by a PG_STATE.
func starter(c *corev1.Container) (words []string, at int, whose string) {
	if c == nil {
		return nil, 0, ""
	}
	told := slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "PG_STATE" })
	words = slices.Concat(c.Command, c.Args)
	for i, word := range words {
		if base := path.Base(word); base == bootGate || base == chartEntrypoint && told {
			return words, i, base
		}
	}
	return words, 0, ""
}

// job is made of the StatefulSet's own template: the same image, user, secrets,
// mounts and nodes, and one container.
func (r *region) job(set *appsv1.StatefulSet, name string, call verb, command []string) *batchv1.Job {
	pod := set.Spec.Template.DeepCopy()
	c := *mainContainer(pod.Spec, databaseContainers...)
	c.Command, c.Args = append(slices.Clone(command), append([]string{call.name}, call.args...)...), nil
	c.Lifecycle, c.LivenessProbe, c.ReadinessProbe, c.StartupProbe, c.Ports = nil, nil, nil, nil, nil
	for _, key := range slices.Sorted(maps.Keys(r.Volume.Env)) {
		c.Env = append(slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == key }), corev1.EnvVar{Name: key, Value: r.Volume.Env[key]})
	}
	spec := pod.Spec
	spec.Containers, spec.InitContainers, spec.EphemeralContainers = []corev1.Container{c}, nil, nil
	spec.RestartPolicy, spec.ActiveDeadlineSeconds = corev1.RestartPolicyNever, nil
	spec.ReadinessGates, spec.TopologySpreadConstraints, spec.Hostname, spec.Subdomain = nil, nil, "", ""
	spec.AutomountServiceAccountToken = new(bool)
	for _, claim := range set.Spec.VolumeClaimTemplates {
		of := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + set.Name + "-0"}}
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: of})
	}
	// Not the server's labels: no Service may lead here, no controller count it.
	own := map[string]string{labelManaged: "rapbot", labelVolumeOf: set.Name, labelVerb: call.name}
	one, deadline, kept, failed := int32(1), int64(call.limit.Seconds()), int32(keepJob.Seconds()), batchv1.Failed
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: set.Namespace, Labels: own},
		Spec: batchv1.JobSpec{
			Parallelism: &one, Completions: &one, BackoffLimit: new(int32), PodReplacementPolicy: &failed,
			ActiveDeadlineSeconds: &deadline, TTLSecondsAfterFinished: &kept,
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: own, Annotations: pod.Annotations}, Spec: spec},
		},
	}
}
