package kubernetes

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// run has a call carried out, or takes up the one that was begun before a
// crash, and reads what it said. Nobody waiting any more does not end it.
func (v *Volume) run(ctx context.Context, call verb, read func(log) error) error {
	r := v.region
	s, err := v.stopped(ctx)
	if err != nil {
		return err
	}
	command, err := r.commandOf(mainContainer(s.set.Spec.Template.Spec, databaseContainers...))
	if err != nil {
		return err
	}
	name, err := jobName(s.set, call, command, r.Volume.Env)
	if err != nil {
		return err
	}
	if err := v.clear(ctx, s.set, name); err != nil {
		return err
	}
	if err := v.begin(ctx, r.job(s.set, name, call, command)); err != nil {
		return err
	}
	// The Job's own deadline ends it; this is for a cluster that does not say so.
	limited, cancel := context.WithTimeout(ctx, call.limit+r.StartTimeout+time.Minute)
	defer cancel()
	end, err := v.follow(limited, name, call)
	if err != nil {
		return v.left(call, name, err)
	}
	if err := v.judge(call, name, end, read); err != nil {
		if !end.again {
			v.remove(ctx, name)
		}
		return err
	}
	v.remove(ctx, name)
	return nil
}

// stopped makes sure that the server does not run. Code Precondition while it
// does.
func (v *Volume) stopped(ctx context.Context) (standing, error) {
	s, running, err := (&Instance{v.fleet, v.region}).now(ctx)
	if err == nil && running {
		err = rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("PostgreSQL in %s runs, or is about to: %s.", v.region.Name, s.doing()), "Stop the server first.")
	}
	return s, err
}

// clear makes room for a call. One that is under way is in the way, unless it is
// this very one. What another has found, or this one could not do, counts no more.
func (v *Volume) clear(asker context.Context, set *appsv1.StatefulSet, name string) error {
	ctx, cancel := context.WithTimeout(asker, v.fleet.opt.Timeout)
	defer cancel()
	jobs, err := v.region.volumeJobs(ctx, set)
	if err != nil {
		return v.region.outcome("The data of PostgreSQL", "read", err, v.fleet)
	}
	for i := range jobs {
		how, _ := jobEnd(&jobs[i])
		switch {
		case jobs[i].Name == name && how != batchv1.JobFailed:
		case how == "" && jobs[i].DeletionTimestamp == nil:
			return rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("The Job %s is at the data of PostgreSQL in %s.", jobs[i].Name, v.region.Name), "Wait until it has ended, then try again.")
		default:
			if err := v.delete(ctx, jobs[i].Name); err != nil {
				return v.region.outcome("The Job "+jobs[i].Name, "removed", err, v.fleet)
			}
		}
	}
	return nil
}

// begin makes the Job unless it is there.
func (v *Volume) begin(asker context.Context, job *batchv1.Job) error {
	for {
		ctx, cancel := context.WithTimeout(asker, v.fleet.opt.Timeout)
		_, err := v.region.BatchV1().Jobs(job.Namespace).Create(ctx, job, metav1.CreateOptions{FieldManager: fieldManager})
		var there *batchv1.Job
		if apierrors.IsAlreadyExists(err) {
			there, err = v.region.BatchV1().Jobs(job.Namespace).Get(ctx, job.Name, metav1.GetOptions{})
		}
		cancel()
		if err == nil && (there == nil || there.DeletionTimestamp == nil) {
			return nil
		}
		if err != nil && !gone(err) {
			return v.region.outcome("The Job "+job.Name, "made", err, v.fleet)
		}
		if sleep(asker, glance) != nil { // the one before it is on its way out
			return v.region.outcome("The Job "+job.Name, "made", asker.Err(), v.fleet)
		}
	}
}

func (v *Volume) delete(ctx context.Context, name string) error {
	background := metav1.DeletePropagationBackground
	err := v.region.BatchV1().Jobs(v.region.Names.Namespace).Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if gone(err) {
		return nil
	}
	return err
}

// remove takes the Job away. Where that fails it is removed before the next
// call, or by itself after a while.
func (v *Volume) remove(asker context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(asker), v.fleet.opt.Timeout)
	defer cancel()
	if err := v.delete(ctx, name); err != nil {
		v.fleet.log.Warn("a Job that has ended is left: " + name + ": " + fault(err, v.fleet.opt.Timeout))
	}
}

// left is a call that nobody waits for any more.
func (v *Volume) left(call verb, name string, err error) error {
	return &rapbot.Error{
		Code: rapbot.Unavailable, What: fmt.Sprintf("What became of volume.sh %s in %s is not known: %s.", call.name, v.region.Name, fault(err, call.limit)),
		Changed: "The Job " + name + " goes on, and is found again by the next try.", Now: "Look at it with `" + v.region.kubectl("logs", "job/"+name) + "`.", Err: err,
	}
}

// ending is how a call has ended.
type ending struct {
	exit    int    // of the container
	trouble string // why there is no exit status
	started bool   // the container has run
	said    log
	unread  error // why the log could not be read
	again   bool  // what it said is there for another try
}

// exitRuns is what volume.sh exits with when the server runs.
const exitRuns = 4

// judge is nil for a call that has done its work and whose words were read.
func (v *Volume) judge(call verb, name string, end ending, read func(log) error) error {
	if end.trouble == "" && end.exit == 0 {
		if end.unread != nil && call.name == "divergence" {
			return &rapbot.Error{
				Code: rapbot.Unavailable, What: fmt.Sprintf("What volume.sh %s has found in %s cannot be read: %s.", call.name, v.region.Name, fault(end.unread, v.fleet.opt.Timeout)),
				Changed: untouched, Now: "Try again.", Err: end.unread,
			}
		}
		if err := read(end.said); err != nil {
			return &rapbot.Error{
				Code: rapbot.Unavailable, What: fmt.Sprintf("volume.sh %s in %s gave an answer that cannot be used: %v.", call.name, v.region.Name, err),
				Changed: untouched, Now: "Make sure that its chart is as old as rapbot.",
			}
		}
		return nil
	}
	e := &rapbot.Error{
		Code: rapbot.Unavailable, What: fmt.Sprintf("volume.sh %s in %s %s.", call.name, v.region.Name, end),
		Changed: call.changed, Now: "Mend what is in its way, and try again.",
	}
	if !end.started {
		e.Changed = untouched
	}
	if end.trouble == "" && end.exit == exitRuns {
		e.Code, e.Changed, e.Now = rapbot.Precondition, untouched, "Stop the server first."
	}
	return e
}

// String follows the words "volume.sh rewind in us-east-1".
func (e ending) String() string {
	text := e.trouble
	if text == "" {
		text = fmt.Sprintf("exited with %d", e.exit)
	}
	if said := e.said.words(); said != "" {
		text += ": " + said
	}
	return text
}

// startable is how the pod of a Job stands before its container has run.
func startable(p *corev1.Pod) string {
	if _, why := podTrouble(p); why != "" {
		return bounded(why)
	}
	return "its pod is " + string(p.Status.Phase)
}
