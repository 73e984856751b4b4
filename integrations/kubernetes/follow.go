package kubernetes

import (
	"context"
	"io"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/rap-analyzer/rapbot"
)

// follow waits until a call has ended, and tells its progress meanwhile. An API
// server that gives no answer for a while is waited for as well. The error is
// that of ctx.
func (v *Volume) follow(ctx context.Context, name string, call verb) (ending, error) {
	begun := time.Now()
	var stream *tailing
	defer func() { stream.end() }()
	for {
		job, pod, err := v.see(ctx, name)
		switch {
		case err != nil:
		case job == nil:
			return ending{trouble: "was ended: somebody has removed its Job", started: stream != nil}, nil
		case pod != nil && mainStatus(pod) != nil && mainStatus(pod).State.Terminated != nil:
			stream.end()
			return v.ended(ctx, job, pod), nil
		default:
			if how, _ := jobEnd(job); how != "" {
				return noPod(job, call, stream != nil), nil
			}
			if pod != nil && runs(pod) && stream == nil {
				stream = v.tail(ctx, pod, call)
			}
			if stream == nil && time.Since(begun) > v.region.StartTimeout {
				return v.neverBegan(pod), nil
			}
		}
		if err := sleep(ctx, glance); err != nil {
			return ending{}, err
		}
	}
}

// see asks for the Job and its pod, which may not be there yet.
func (v *Volume) see(asker context.Context, name string) (*batchv1.Job, *corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(asker, v.fleet.opt.Timeout)
	defer cancel()
	namespace := v.region.Names.Namespace
	job, err := v.region.BatchV1().Jobs(namespace).Get(ctx, name, metav1.GetOptions{})
	if gone(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	pods, err := v.region.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.Set{batchv1.JobNameLabel: name}.String()})
	if err != nil {
		return nil, nil, err
	}
	for i := range pods.Items {
		if controlledBy(&pods.Items[i], job.UID) {
			return job, &pods.Items[i], nil
		}
	}
	return job, nil, nil
}

// ended reads a pod whose container has.
func (v *Volume) ended(ctx context.Context, job *batchv1.Job, pod *corev1.Pod) ending {
	t := mainStatus(pod).State.Terminated
	e := ending{exit: int(t.ExitCode), started: true, again: true}
	if t.Signal != 0 || t.Reason == "OOMKilled" || t.ExitCode > 128 {
		e.trouble = "was killed (" + endOf(t) + ")"
	}
	if _, at := jobEnd(job); at.IsZero() && pod.DeletionTimestamp != nil && t.ExitCode != 0 {
		e.trouble = "was ended with its pod"
	}
	e.said, e.unread = v.words(ctx, pod)
	e.again = e.unread != nil
	return e
}

// noPod is a Job that has ended and whose pod is not there to be read.
func noPod(job *batchv1.Job, call verb, started bool) ending {
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue {
			if c.Reason == batchv1.JobReasonDeadlineExceeded {
				return ending{trouble: "did not end within " + rapbot.Duration(call.limit), started: true}
			}
			return ending{trouble: "failed: " + bounded(joined(c.Reason, c.Message, "no reason is given")), started: true}
		}
	}
	return ending{unread: errPodGone, started: started}
}

// neverBegan is a pod that does not get to run its container.
func (v *Volume) neverBegan(pod *corev1.Pod) ending {
	why := "its Job has made no pod"
	if pod != nil {
		why = startable(pod)
	}
	return ending{trouble: "did not begin within " + rapbot.Duration(v.region.StartTimeout) + ": " + why}
}

// tailing is a log that is followed live.
type tailing struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// end stops following. It may be called of nothing.
func (t *tailing) end() {
	if t != nil {
		t.cancel()
		<-t.done
	}
}

// tail follows the log of a call for its progress. A connection that is cut is
// made again, from the last line on; what else was said is read at the end.
func (v *Volume) tail(asker context.Context, pod *corev1.Pod, call verb) *tailing {
	ctx, cancel := context.WithCancel(asker)
	t := &tailing{cancel, make(chan struct{})}
	lines := &rapbot.CopyLines{Tell: call.tell, Rest: func([]byte) {}}
	go func() {
		defer close(t.done)
		options := &corev1.PodLogOptions{Container: mainContainer(pod.Spec, databaseContainers...).Name, Follow: true}
		for ctx.Err() == nil {
			if body, err := v.region.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).Stream(ctx); err == nil {
				_, _ = io.Copy(lines, body)
				_ = body.Close()
				lines.Finish()
			}
			last := int64(1)
			options.TailLines = &last
			_ = sleep(ctx, time.Second)
		}
	}()
	return t
}
