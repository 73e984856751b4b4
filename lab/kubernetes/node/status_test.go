package node

import (
	"encoding/json"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// What the node says of a pod takes nothing away that others have said, and is for this very pod.
func TestPatchIsForOnePodAndKeepsWhatOthersSay(t *testing.T) {
	before := core.PodStatus{
		Phase:             core.PodPending,
		Conditions:        []core.PodCondition{{Type: core.PodScheduled, Status: "True"}, {Type: core.PodReady, Status: "False", Reason: "ContainersNotReady"}},
		ContainerStatuses: []core.ContainerStatus{{Name: "main", State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "ContainerCreating"}}}},
	}
	p := &pod{object: &core.Pod{ObjectMeta: meta.ObjectMeta{UID: "one"}, Status: before}}
	after := before
	after.Phase = core.PodRunning
	after.Conditions = []core.PodCondition{{Type: core.PodScheduled, Status: "True"}, {Type: core.PodReady, Status: "True"}}
	after.ContainerStatuses = []core.ContainerStatus{{Name: "main", State: core.ContainerState{Running: &core.ContainerStateRunning{}}}}
	patch, err := p.patch(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var sent struct{ Metadata struct{ UID string } }
	if err := json.Unmarshal(patch, &sent); err != nil || sent.Metadata.UID != "one" {
		t.Errorf("the patch is for %q, %v", sent.Metadata.UID, err)
	}
	known := core.Pod{ObjectMeta: p.object.ObjectMeta, Status: *before.DeepCopy()}
	known.Status.Conditions = append(known.Status.Conditions, core.PodCondition{Type: core.DisruptionTarget, Status: "True"}) // meanwhile
	text, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = strategicpatch.StrategicMergePatch(text, patch, core.Pod{}); err != nil {
		t.Fatal(err)
	}
	var now core.Pod
	if err := json.Unmarshal(text, &now); err != nil {
		t.Fatal(err)
	}
	if find(now.Status.Conditions, core.DisruptionTarget) == nil || find(now.Status.Conditions, core.PodScheduled) == nil {
		t.Errorf("the conditions are %v", now.Status.Conditions)
	}
	if ready := find(now.Status.Conditions, core.PodReady); ready.Status != "True" || ready.Reason != "" {
		t.Errorf("it is %+v", ready)
	}
	if state := now.Status.ContainerStatuses[0].State; state.Running == nil || state.Waiting != nil {
		t.Errorf("the container's state is %+v", state)
	}
}

// The phase follows from the containers as a kubelet has it.
func TestPhase(t *testing.T) {
	running := core.ContainerStatus{State: core.ContainerState{Running: &core.ContainerStateRunning{}}}
	waiting := core.ContainerStatus{State: core.ContainerState{Waiting: &core.ContainerStateWaiting{}}}
	crashing := core.ContainerStatus{
		State: waiting.State, LastTerminationState: core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: 1}},
	}
	ended := func(code int32) core.ContainerStatus {
		return core.ContainerStatus{State: core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: code}}}
	}
	for _, c := range []struct {
		policy     core.RestartPolicy
		containers []core.ContainerStatus
		want       core.PodPhase
	}{
		{core.RestartPolicyAlways, []core.ContainerStatus{running, running}, core.PodRunning},
		{core.RestartPolicyAlways, []core.ContainerStatus{running, waiting}, core.PodPending},
		{core.RestartPolicyAlways, []core.ContainerStatus{running, crashing}, core.PodRunning},
		{core.RestartPolicyAlways, []core.ContainerStatus{crashing}, core.PodRunning},
		{core.RestartPolicyAlways, []core.ContainerStatus{ended(0)}, core.PodRunning},
		{core.RestartPolicyOnFailure, []core.ContainerStatus{ended(0)}, core.PodSucceeded},
		{core.RestartPolicyOnFailure, []core.ContainerStatus{ended(1)}, core.PodRunning},
		{core.RestartPolicyNever, []core.ContainerStatus{ended(0), running}, core.PodRunning},
		{core.RestartPolicyNever, []core.ContainerStatus{ended(0), ended(1)}, core.PodFailed},
		{core.RestartPolicyNever, []core.ContainerStatus{ended(0), ended(0)}, core.PodSucceeded},
	} {
		p := &pod{ready: true, object: &core.Pod{Spec: core.PodSpec{RestartPolicy: c.policy}}}
		if got := p.phase(core.PodStatus{ContainerStatuses: c.containers}); got != c.want {
			t.Errorf("%s %v: %s, not %s", c.policy, c.containers, got, c.want)
		}
	}
}
