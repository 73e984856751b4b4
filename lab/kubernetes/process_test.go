package kubernetes

import (
	"testing"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
)

// shell is a node's images for tests: a shell by several names.
var shell = node.Images{
	"shell":        {Entrypoint: []string{"/bin/sh", "-c", "echo started; sleep 1000"}},
	"rap-analyzer": {Entrypoint: []string{"/bin/sh", "-c", "echo version $VERSION; trap 'exit 0' TERM; while :; do sleep 0.05; done"}},
}

// processesForTest gives a test a namespace in two regions whose pods are processes.
func processesForTest(t *testing.T) *Room {
	t.Helper()
	return share(t, "processes", Options{Names: []string{"us-east-1", "us-west-2"}, Images: shell})
}

func TestProcessFirst(t *testing.T) {
	room := processesForTest(t)
	room.do(t, "us-east-1", application("v1"), "apply", "-f", "-")
	out, err := room.kubectl(t, "us-east-1", "", "rollout", "status", "deployment/rap-analyzer", "--timeout=20s")
	t.Log(out, err)
	t.Log(room.do(t, "us-east-1", "", "get", "pods", "-o", "wide"))
	t.Log(room.do(t, "us-east-1", "", "get", "events"))
	t.Log(room.do(t, "us-east-1", "", "logs", "deployment/rap-analyzer"))
}
