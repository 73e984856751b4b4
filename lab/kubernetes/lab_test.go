package kubernetes

import (
	"path/filepath"
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

// rollOut brings bad versions after a good one, and goes back.
func rollOut(t *testing.T, room *Room) {
	t.Helper()
	room.apply(t, application("v1"))
	room.do(t, "rollout", "status", "deployment/rap-analyzer", "--timeout=60s")
	for tag, reason := range map[string]string{"v2-imagepull": "ImagePullBackOff", "v3-crash": "CrashLoopBackOff"} {
		room.apply(t, application(tag))
		eventually(t, tag+" is stuck in "+reason, func() bool {
			return strings.Contains(room.field(t, "pods", ".items[*].status.containerStatuses[*].state.waiting.reason"), reason)
		})
		if ready := room.field(t, "deployment/rap-analyzer", ".status.readyReplicas"); ready != "3" {
			t.Errorf("with %s %s old pods are ready", tag, ready)
		}
	}
	room.do(t, "rollout", "undo", "deployment/rap-analyzer", "--to-revision=1")
	room.do(t, "rollout", "status", "deployment/rap-analyzer", "--timeout=60s")
	if image := room.field(t, "deployment/rap-analyzer", ".spec.template.spec.containers[0].image"); image != "rap-analyzer:v1" {
		t.Errorf("after the rollback it runs %s", image)
	}
	room.apply(t, application("v4-slow"))
	if out, err := room.kubectl(t, "", "rollout", "status", "deployment/rap-analyzer", "--timeout=5s"); err == nil {
		t.Errorf("a slow version was ready in 5 s: %s", out)
	}
}

func TestRolloutOnFakeNodes(t *testing.T) {
	t.Parallel()
	room := ForTest(t, "eu-west-1")
	rollOut(t, room)
	room.apply(t, job("good", "v1", ""))
	room.apply(t, job("bad", "v1-crash", ""))
	room.becomes(t, "job/good", ".status.succeeded", "1")
	room.becomes(t, "job/bad", ".status.failed", "1")
}

func TestRolloutOfProcesses(t *testing.T) {
	t.Parallel()
	rollOut(t, processesForTest(t))
}

// job is one that may run its pod once.
func job(name, tag, script string) string {
	return strings.NewReplacer("NAME", name, "TAG", tag, "SCRIPT", script).Replace(`
apiVersion: batch/v1
kind: Job
metadata: {name: NAME}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "shell:TAG", command: [sh, -c, "SCRIPT"]}]
`)
}

// What the API server says about rights is what it does.
func TestServiceAccountsHaveTheirRightsOnly(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.do(t, "create", "serviceaccount", "bot")
	room.do(t, "create", "role", "reader", "--verb=get,list", "--resource=pods")
	room.do(t, "create", "rolebinding", "bot", "--role=reader", "--serviceaccount="+room.Namespace+":bot")
	room.do(t, "--context=us-west-2", "create", "serviceaccount", "bot")
	path := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, room.WriteKubeconfig(t.Context(), path, room.Namespace, "bot"))
	as := func(args ...string) (string, error) {
		return room.kubectl(t, "", append([]string{"--kubeconfig", path}, args...)...)
	}
	for verb, want := range map[string]string{"get": "yes", "delete": "no"} {
		out, _ := as("auth", "can-i", verb, "pods") // it fails when the answer is no
		if got := strings.TrimSpace(out); got != want {
			t.Errorf("can it %s pods? %s", verb, got)
		}
	}
	if out, err := as("get", "pods"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := as("delete", "pod", "any"); err == nil || !strings.Contains(out, "Forbidden") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := as("get", "pods", "--namespace=kube-system"); err == nil || !strings.Contains(out, "Forbidden") {
		t.Errorf("%v: %s", err, out)
	}
	room.apply(t, `
apiVersion: v1
kind: Secret
metadata: {name: bot-token, annotations: {kubernetes.io/service-account.name: bot}}
type: kubernetes.io/service-account-token
`)
	eventually(t, "the secret has a token", func() bool { return room.field(t, "secret/bot-token", ".data.token") != "" })
	// The role that every cluster has, which is put together of others.
	room.do(t, "create", "rolebinding", "editor", "--clusterrole=edit", "--serviceaccount="+room.Namespace+":bot")
	if out, _ := as("auth", "can-i", "delete", "pods"); strings.TrimSpace(out) != "yes" {
		t.Errorf("with the role edit, can it delete pods? %s", out)
	}
}
