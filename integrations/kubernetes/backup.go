package kubernetes

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// backup is what the CronJob and its Jobs say, those that somebody has made of
// it by hand included. The CronJob remembers when the Jobs are gone.
func (o objects) backup() rapbot.Backup {
	c := o.cronJob
	if c == nil {
		return rapbot.Backup{}
	}
	b := rapbot.Backup{Found: true, Suspended: c.Spec.Suspend != nil && *c.Spec.Suspend, LastSuccess: timeOf(c.Status.LastSuccessfulTime), LastRun: timeOf(c.Status.LastScheduleTime)}
	for _, j := range o.jobs {
		if owner := metav1.GetControllerOf(j); owner == nil || owner.UID != c.UID {
			continue
		}
		b.LastRun = later(b.LastRun, j.CreationTimestamp.Time)
		switch how, at := jobEnd(j); how {
		case batchv1.JobComplete:
			b.LastSuccess = later(b.LastSuccess, at)
		case "":
			b.Running = true
		}
	}
	return b
}

// jobEnd is how a Job has ended, JobComplete or JobFailed, and when; empty
// while it has not.
func jobEnd(j *batchv1.Job) (batchv1.JobConditionType, time.Time) {
	for _, c := range j.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			if j.Status.CompletionTime != nil {
				return c.Type, j.Status.CompletionTime.Time
			}
			return c.Type, c.LastTransitionTime.Time
		case batchv1.JobFailed:
			return c.Type, c.LastTransitionTime.Time
		}
	}
	return "", time.Time{}
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
