package kubernetes

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := wait.Until(ctx, 50*time.Millisecond, so); err != nil {
		t.Fatalf("never happened: %s", what)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kubectl runs a kubectl in the test's namespace, with input if there is any.
func (r *Room) kubectl(t *testing.T, region, input string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.Kubectl(), append([]string{"--context", region, "--namespace", r.Namespace}, args...)...)
	cmd.Env = []string{"KUBECONFIG=" + r.Kubeconfig, "HOME=" + r.Dir(), "PATH=/nonexistent"}
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *Room) do(t *testing.T, region, input string, args ...string) string {
	t.Helper()
	out, err := r.kubectl(t, region, input, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}
