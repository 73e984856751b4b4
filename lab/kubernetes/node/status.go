package node

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// report tells the API server how the pod is, whenever that has changed, until ctx ends.
func (p *pod) report(ctx context.Context) {
	for {
		select {
		case <-p.changed:
		case <-ctx.Done():
			return
		}
		for p.tell(ctx) != nil && ctx.Err() == nil {
			if sleep(ctx, 500*time.Millisecond) != nil {
				return
			}
		}
	}
}

// tell tells the API server how the pod is, unless it knows. A pod that is gone needs nobody to be told.
func (p *pod) tell(ctx context.Context) error {
	status := p.status()
	p.mu.Lock()
	told, gone := p.told, p.gone
	p.mu.Unlock()
	if gone || p.outcome != "" || equality.Semantic.DeepEqual(told, status) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if err := p.run.pass(ctx); err != nil {
		return err
	}
	patch, err := p.patch(told, status)
	if err != nil {
		return err
	}
	_, err = p.run.client.CoreV1().Pods(p.object.Namespace).Patch(ctx, p.object.Name, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status")
	if errors.IsNotFound(err) || errors.IsConflict(err) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = status
	if err != nil {
		p.told = core.PodStatus{} // nobody knows whether it has come there: everything is told the next time
	}
	return err
}

// patch makes of one status the other. Conditions that others have added stay. The object's own number keeps it from a pod of the same name that comes after it.
func (p *pod) patch(from, to core.PodStatus) ([]byte, error) {
	before, err := json.Marshal(core.Pod{Status: from})
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(core.Pod{ObjectMeta: meta.ObjectMeta{UID: p.object.UID}, Status: to})
	if err != nil {
		return nil, err
	}
	return strategicpatch.CreateTwoWayMergePatch(before, after, core.Pod{})
}

// finish tells how the pod has ended and takes its object away, however long the API server does not answer.
func (p *pod) finish() {
	for {
		p.mu.Lock()
		gone := p.gone
		p.mu.Unlock()
		if gone || p.run.ctx.Err() != nil {
			return
		}
		if p.tell(p.run.ctx) == nil && p.remove() == nil {
			return
		}
		_ = sleep(p.run.ctx, 500*time.Millisecond)
	}
}

func (p *pod) remove() error {
	ctx, cancel := context.WithTimeout(p.run.ctx, callTime)
	defer cancel()
	if err := p.run.pass(ctx); err != nil {
		return err
	}
	now := int64(0)
	err := p.run.client.CoreV1().Pods(p.object.Namespace).Delete(ctx, p.object.Name, meta.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &meta.Preconditions{UID: &p.object.UID},
	})
	if errors.IsNotFound(err) || errors.IsConflict(err) {
		return nil
	}
	return err
}

// status is how the pod is.
func (p *pod) status() core.PodStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := *p.object.Status.DeepCopy() // what others have said of it, the scheduler for one
	status.ObservedGeneration = p.latest.Generation
	status.HostIP, status.HostIPs = p.run.node.Address, []core.HostIP{{IP: p.run.node.Address}}
	status.StartTime = &meta.Time{Time: p.begun.Truncate(time.Second)}
	status.InitContainerStatuses, status.ContainerStatuses = nil, nil
	if p.address.IsValid() {
		status.PodIP = p.address.String()
		status.PodIPs = []core.PodIP{{IP: status.PodIP}}
	}
	for _, c := range p.init {
		status.InitContainerStatuses = append(status.InitContainerStatuses, c.status(p.waiting))
	}
	for _, c := range p.main {
		status.ContainerStatuses = append(status.ContainerStatuses, c.status(p.waiting))
	}
	status.Phase = p.phase(status)
	status.Conditions = p.conditions(status)
	return status
}

func (c *container) status(waiting string) core.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	started := c.started
	status := core.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image, State: c.state, LastTerminationState: c.last,
		RestartCount: c.restarts, Ready: c.ready, Started: &started,
	}
	if c.state.Running != nil || c.state.Terminated != nil {
		status.ContainerID = fmt.Sprintf("process://%s/%s/%d", c.pod.object.UID, c.spec.Name, c.restarts)
	}
	if c.state == (core.ContainerState{}) {
		status.State.Waiting = &core.ContainerStateWaiting{Reason: waiting}
	}
	if c.isInit() && !c.isSidecar() {
		status.Ready = c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
	}
	return status
}

func (c *container) isInit() bool {
	for _, one := range c.pod.init {
		if one == c {
			return true
		}
	}
	return false
}

// phase sums up the containers, by a kubelet's rules. The caller holds mu.
func (p *pod) phase(status core.PodStatus) core.PodPhase {
	if p.outcome != "" {
		return p.outcome
	}
	if !p.ready {
		for _, c := range status.InitContainerStatuses {
			if ended := c.State.Terminated; ended != nil && ended.ExitCode != 0 && p.object.Spec.RestartPolicy == core.RestartPolicyNever {
				return core.PodFailed
			}
		}
		return core.PodPending
	}
	pending, running, failed := false, false, false
	for _, c := range status.ContainerStatuses {
		switch {
		case c.State.Running != nil:
			running = true
		case c.State.Terminated != nil:
			failed = failed || c.State.Terminated.ExitCode != 0
			running = running || p.willRestart(c.State.Terminated.ExitCode)
		case c.LastTerminationState.Terminated != nil:
			running = true // it crashes
		default:
			pending = true
		}
	}
	switch {
	case pending:
		return core.PodPending
	case running:
		return core.PodRunning
	case failed:
		return core.PodFailed
	}
	return core.PodSucceeded
}

// willRestart reports whether a container that has ended so is begun again. In a pod that is being ended none is.
func (p *pod) willRestart(code int32) bool {
	switch p.object.Spec.RestartPolicy {
	case core.RestartPolicyNever:
		return false
	case core.RestartPolicyOnFailure:
		return code != 0 && p.deadline.IsZero()
	}
	return p.deadline.IsZero()
}

// conditions follow from the rest of the status. The caller holds mu.
func (p *pod) conditions(status core.PodStatus) []core.PodCondition {
	var unready []string
	for _, c := range status.ContainerStatuses {
		if !c.Ready {
			unready = append(unready, c.Name)
		}
	}
	over := status.Phase == core.PodSucceeded || status.Phase == core.PodFailed
	reason, message := "", ""
	if len(unready) > 0 {
		reason, message = "ContainersNotReady", "containers with unready status: "+words(unready)
	}
	if over {
		reason, message = "PodCompleted", ""
	}
	ready := len(unready) == 0 && status.Phase == core.PodRunning
	initialized := core.PodCondition{Type: core.PodInitialized, Status: truth(p.ready || over)}
	if !p.ready && !over {
		initialized.Reason, initialized.Message = "ContainersNotInitialized", "containers with incomplete status"
	}
	all := []core.PodCondition{
		{Type: core.PodReadyToStartContainers, Status: truth(len(p.volumes) == len(p.object.Spec.Volumes) && !over)},
		initialized,
		{Type: core.ContainersReady, Status: truth(ready), Reason: reason, Message: message},
		{Type: core.PodReady, Status: truth(ready), Reason: reason, Message: message},
	}
	now := meta.Now().Rfc3339Copy()
	for i := range all {
		all[i].LastTransitionTime = now
		if all[i].Status == core.ConditionTrue {
			all[i].Reason, all[i].Message = "", ""
		}
		if before := find(p.told.Conditions, all[i].Type); before != nil && before.Status == all[i].Status {
			all[i].LastTransitionTime = before.LastTransitionTime
		}
	}
	for _, other := range p.object.Status.Conditions {
		if find(all, other.Type) == nil {
			all = append(all, other)
		}
	}
	return all
}

func find(conditions []core.PodCondition, kind core.PodConditionType) *core.PodCondition {
	for i := range conditions {
		if conditions[i].Type == kind {
			return &conditions[i]
		}
	}
	return nil
}

func truth(so bool) core.ConditionStatus {
	if so {
		return core.ConditionTrue
	}
	return core.ConditionFalse
}

// words puts the names of several containers into one line.
func words(all []string) string { return "[" + strings.Join(all, " ") + "]" }
