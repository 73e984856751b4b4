package kubernetes

import (
	"strings"
	"testing"
)

// application is a Deployment of three pods, with an image's tag.
func application(tag string) string {
	return strings.ReplaceAll(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: rap-analyzer}
spec:
  replicas: 3
  selector: {matchLabels: {app: rap-analyzer}}
  template:
    metadata: {labels: {app: rap-analyzer}}
    spec:
      containers: [{name: app, image: "rap-analyzer:TAG"}]
`, "TAG", tag)
}

func TestRolloutOnFakeNodes(t *testing.T) {
	t.Parallel()
	room := ForTest(t)
	room.do(t, "us-east-1", application("v1"), "apply", "-f", "-")
	room.do(t, "us-east-1", "", "rollout", "status", "deployment/rap-analyzer", "--timeout=60s")
	for tag, reason := range map[string]string{"v2-imagepull": "ImagePullBackOff", "v3-crash": "CrashLoopBackOff"} {
		room.do(t, "us-east-1", application(tag), "apply", "-f", "-")
		eventually(t, tag+" is stuck in "+reason, func() bool {
			out := room.do(t, "us-east-1", "", "get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}")
			return strings.Contains(out, reason)
		})
		if ready := room.do(t, "us-east-1", "", "get", "deployment/rap-analyzer", "-o", "jsonpath={.status.readyReplicas}"); ready != "3" {
			t.Errorf("with %s only %s old pods are ready", tag, ready)
		}
	}
	room.do(t, "us-east-1", "", "rollout", "undo", "deployment/rap-analyzer", "--to-revision=1")
	room.do(t, "us-east-1", "", "rollout", "status", "deployment/rap-analyzer", "--timeout=60s")
	if image := room.do(t, "us-east-1", "", "get", "deployment/rap-analyzer", "-o", "jsonpath={.spec.template.spec.containers[0].image}"); image != "rap-analyzer:v1" {
		t.Errorf("after the rollback it runs %s", image)
	}
	if out := room.do(t, "us-west-2", "", "get", "deployments", "-o", "name"); out != "" {
		t.Errorf("the other region has %s", out)
	}
}
