package realnodes

import (
	"context"
	"fmt"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Explain tells, for an error, what keeps the pods of a namespace from being ready: their states, the end of their logs, and the newest events.
func (r *Region) Explain(ctx context.Context, namespace string) string {
	var b strings.Builder
	pods, err := r.Client.CoreV1().Pods(namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, pod := range pods.Items {
		fmt.Fprintf(&b, "%s: pod %s is %s\n", r.Name, pod.Name, pod.Status.Phase)
		ready := true
		for _, c := range pod.Status.ContainerStatuses {
			ready = ready && c.Ready
			if w := c.State.Waiting; w != nil {
				fmt.Fprintf(&b, "  %s waits: %s %s\n", c.Name, w.Reason, w.Message)
			}
			if e := c.LastTerminationState.Terminated; e != nil {
				fmt.Fprintf(&b, "  %s ended %d times, the last time with %d: %s\n", c.Name, c.RestartCount, e.ExitCode, e.Message)
			}
		}
		if ready {
			continue
		}
		lines := int64(20)
		text, err := r.Client.CoreV1().Pods(namespace).GetLogs(pod.Name, &core.PodLogOptions{TailLines: &lines}).DoRaw(ctx)
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "%s\n", text)
	}
	events, err := r.Client.CoreV1().Events(namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return b.String() + err.Error()
	}
	for _, e := range events.Items[max(0, len(events.Items)-10):] {
		if e.Type != core.EventTypeNormal {
			fmt.Fprintf(&b, "%s %s: %s\n", e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
	return b.String()
}
