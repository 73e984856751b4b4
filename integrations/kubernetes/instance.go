package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// Instance is PostgreSQL's StatefulSet of one region, which is scaled between
// no pod and one.
type Instance struct {
	fleet  *Fleet
	region *region
}

var _ rapbot.Prover = (*Instance)(nil)

// Instance returns a region's. Code NotFound.
func (f *Fleet) Instance(region string) (*Instance, error) {
	r, err := f.of(region)
	if err != nil {
		return nil, err
	}
	return &Instance{f, r}, nil
}

// Running reports whether a pod object of the StatefulSet is there, or about
// to be. Code Unavailable: cannot tell.
func (i *Instance) Running(ctx context.Context) (bool, error) {
	_, running, err := i.now(ctx)
	return running, err
}

// Proves implements rapbot.Prover: the kubelet takes the pod object away when
// nothing of the pod is left, and one that was deleted by force is told apart.
func (i *Instance) Proves() bool { return true }

// now is what the API server says at this moment, and what that means.
func (i *Instance) now(ctx context.Context) (standing, bool, error) {
	wait := patience(ctx, i.fleet.opt.Timeout)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	s, err := i.region.stand(ctx)
	if err != nil {
		return s, false, i.cannotTell(fault(err, wait), err)
	}
	running, err := s.running()
	if err != nil {
		return s, false, i.cannotTell(err.Error(), err)
	}
	if !running {
		err = i.region.cleared(ctx, i.fleet.opt.Now())
	}
	return s, running, err
}

func (i *Instance) cannotTell(why string, err error) error {
	return &rapbot.Error{
		Code: rapbot.Unavailable, What: fmt.Sprintf("Whether PostgreSQL runs in %s cannot be told: %s.", i.region.Name, why),
		Now: "Ask its cluster with `" + i.region.kubectl("get", "statefulsets,pods") + "`.", Err: err,
	}
}

// glance is the pause between two looks at what is on its way.
const glance = 200 * time.Millisecond

// Stop asks for no pod, and returns when the kubelet has taken the pod object
// away. It never deletes one by force: what is stopped then might run on.
func (i *Instance) Stop(ctx context.Context) error {
	s, running, err := i.now(ctx)
	if s.set == nil && err != nil {
		return err
	}
	if err == nil && !running {
		return nil
	}
	if wanted(s.set.Spec.Replicas) > 0 {
		if err := i.scale(ctx, s.set.Name, 0); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, i.stopTime(s))
	defer cancel()
	for {
		s, running, err = i.now(limited)
		if err == nil && !running {
			return nil
		}
		if err == nil && wanted(s.set.Spec.Replicas) > 0 {
			return &rapbot.Error{
				Code: rapbot.Conflict, What: fmt.Sprintf("PostgreSQL in %s was asked to stop, and something has asked for its pod again.", i.region.Name),
				Changed: "It was being shut down.", Now: "Find out what scales its StatefulSet, Argo CD perhaps, and keep it from that.",
			}
		}
		if sleep(limited, glance) != nil {
			return i.notYet("stop", s, err)
		}
	}
}

// stopTime is how long the server may take to be gone.
func (i *Instance) stopTime(s standing) time.Duration {
	wait := i.region.StopTimeout
	for _, p := range s.pods {
		if grace := p.Spec.TerminationGracePeriodSeconds; grace != nil {
			wait = max(wait, time.Duration(*grace)*time.Second+30*time.Second)
		}
	}
	return wait
}

// notYet is a start or a stop that is not over when nobody waits any more.
func (i *Instance) notYet(act string, s standing, err error) error {
	why := s.doing()
	if err != nil {
		why = "what became of it is not known"
	}
	return &rapbot.Error{
		Code: rapbot.Unavailable, What: fmt.Sprintf("PostgreSQL in %s was asked to %s, and that is not over: %s.", i.region.Name, act, why),
		Changed: "It stays asked for.", Now: "Look at it with `" + i.region.kubectl("describe", "pods", "--selector="+i.region.Names.DatabaseSelector) + "`.", Err: err,
	}
}

// StartPrimary starts it as the primary that it was.
func (i *Instance) StartPrimary(ctx context.Context) error { return i.start(ctx, rapbot.Primary) }

// StartReplica starts it as a replica of whoever is primary.
func (i *Instance) StartReplica(ctx context.Context) error { return i.start(ctx, rapbot.Replica) }

// start writes the role down before it asks for a pod (R3), and returns when the
// container runs. It need not be ready by then: its boot gate may hold it.
func (i *Instance) start(ctx context.Context, role rapbot.Role) error {
	if i.region.SetRole == nil {
		return rapbot.Refuse(rapbot.Invalid, "How PostgreSQL in "+i.region.Name+" is told its role is not configured.", "This is a defect of rapbot's own.")
	}
	s, err := i.ready(ctx)
	if err != nil {
		return err
	}
	if err := i.region.SetRole(ctx, role); err != nil {
		return fmt.Errorf("tell PostgreSQL in %s that it is a %s: %w", i.region.Name, role, err)
	}
	if err := i.scale(ctx, s.set.Name, 1); err != nil {
		return err
	}
	wait := i.region.StartTimeout
	if leaving(s) {
		wait += i.stopTime(s)
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		s, _, err = i.now(limited)
		if err == nil && started(s) {
			return nil
		}
		if err == nil {
			err = i.unstick(limited, s)
		}
		if sleep(limited, glance) != nil {
			return i.notYet("start", s, err)
		}
	}
}

// ready makes sure that nobody else is at the data.
func (i *Instance) ready(ctx context.Context) (standing, error) {
	wait := patience(ctx, i.fleet.opt.Timeout)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	s, err := i.region.stand(ctx)
	if err == nil && s.set == nil {
		err = i.region.missing(rapbot.NotFound)
	}
	if err == nil && len(s.pods) == 0 {
		err = i.region.cleared(ctx, i.fleet.opt.Now())
	}
	if err != nil {
		return s, i.region.outcome("PostgreSQL", "started", err, i.fleet)
	}
	jobs, err := i.region.volumeJobs(ctx, s.set)
	if err != nil {
		return s, i.region.outcome("PostgreSQL", "started", err, i.fleet)
	}
	for _, j := range jobs {
		if how, _ := jobEnd(&j); how == "" {
			return s, rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("The Job %s is at the data of PostgreSQL in %s.", j.Name, i.region.Name), "Wait until it has ended, then try again.")
		}
	}
	return s, nil
}

// scale asks for so many pods, which is nothing where they are asked for.
func (i *Instance) scale(ctx context.Context, name string, pods int) error {
	wait := patience(ctx, i.fleet.opt.Timeout)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	act := "started"
	if pods == 0 {
		act = "stopped"
	}
	return i.region.outcome("The StatefulSet "+name, act, i.region.scaleSet(ctx, name, pods), i.fleet)
}

// leaving reports that a pod is being deleted, which comes before a new one.
func leaving(s standing) bool {
	return slices.ContainsFunc(s.pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// started reports whether PostgreSQL's container runs in a pod that stays.
func started(s standing) bool {
	return slices.ContainsFunc(s.pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp == nil && runs(p) })
}

// unstick deletes a pod of an older revision that cannot start. A StatefulSet
// waits for it to become ready before it replaces it, for ever when its image
// cannot be pulled. Only a pod whose container does not run is deleted, as it
// was seen, and its kubelet has its say.
func (i *Instance) unstick(ctx context.Context, s standing) error {
	if !observed(s.set) || s.set.Status.UpdateRevision == "" {
		return nil
	}
	for _, p := range s.pods {
		if p.DeletionTimestamp != nil || !controlledBy(p, s.set.UID) || p.Labels[appsv1.ControllerRevisionHashLabelKey] == s.set.Status.UpdateRevision || !cannotStart(p) {
			continue
		}
		err := i.region.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID, ResourceVersion: &p.ResourceVersion}})
		if err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

// cannotStart reports that a pod's containers have never run, or do not run
// now, for a reason that waiting does not mend.
func cannotStart(p *corev1.Pod) bool {
	if runs(p) || isReady(p) {
		return false
	}
	rank, _ := podTrouble(p)
	return rank >= pending
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
