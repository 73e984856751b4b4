package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// How bad what keeps a pod from being ready is, from what passes by itself to
// what needs a person.
const (
	notReadyYet = iota + 1
	pending
	failing
	broken
)

// broken waits end by themselves only if somebody mends the image or the
// configuration.
var brokenReasons = []string{"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}

// trouble is the worst that keeps any of the pods from being ready; of equals
// that of the first by name. Stuck is what does not pass by itself.
func trouble(pods []*corev1.Pod) (words string, stuck bool) {
	pods = slices.Clone(pods)
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	worst := 0
	for _, p := range pods {
		if rank, said := podTrouble(p); rank > worst {
			worst, words = rank, said
		}
	}
	return bounded(words), worst > notReadyYet
}

func podTrouble(p *corev1.Pod) (rank int, words string) {
	if isReady(p) || p.DeletionTimestamp != nil {
		return 0, ""
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if r, said := containerTrouble(c); r > rank {
			rank, words = r, said
		}
	}
	if rank > 0 {
		return rank, words
	}
	switch scheduled := podCondition(p, corev1.PodScheduled); {
	case p.Status.Phase == corev1.PodFailed:
		return failing, joined(p.Status.Reason, p.Status.Message, "the pod has failed")
	case scheduled != nil && scheduled.Status == corev1.ConditionFalse:
		return pending, joined(scheduled.Reason, scheduled.Message, "Unschedulable")
	case p.Status.Phase == corev1.PodRunning:
		return notReadyYet, p.Name + " runs and is not ready"
	}
	return 0, "" // it is on its way
}

func containerTrouble(c corev1.ContainerStatus) (rank int, words string) {
	switch waits, ended := c.State.Waiting, c.State.Terminated; {
	case waits != nil && slices.Contains(brokenReasons, waits.Reason):
		return broken, joined(waits.Reason, waits.Message, "")
	case waits != nil && waits.Reason == "CrashLoopBackOff":
		said := joined(waits.Reason, waits.Message, "")
		if last := c.LastTerminationState.Terminated; last != nil {
			said += fmt.Sprintf(" (it ended with %s)", endOf(last))
		}
		return failing, said
	case ended != nil && ended.ExitCode != 0:
		return failing, fmt.Sprintf("%s ended with %s", c.Name, endOf(ended))
	}
	return 0, ""
}

// endOf is how a container ended: "exit status 1", "OOMKilled".
func endOf(t *corev1.ContainerStateTerminated) string {
	if t.Reason != "" && t.Reason != "Error" && t.Reason != "Completed" {
		return fmt.Sprintf("%s, exit status %d", t.Reason, t.ExitCode)
	}
	return fmt.Sprintf("exit status %d", t.ExitCode)
}

// joined puts a reason and a message together, which may both be empty.
func joined(reason, message, otherwise string) string {
	switch {
	case reason != "" && message != "":
		return reason + ": " + message
	case reason+message != "":
		return reason + message
	}
	return otherwise
}
