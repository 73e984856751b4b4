package kubernetes

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// Under these variables the test binary is a lab that is about to be killed, and a program that runs in a pod.
const (
	victimProgram = "RAPBOT_KUBERNETES_VICTIM"
	podServer     = "RAPBOT_KUBERNETES_SERVER"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(victimProgram) != "":
		beVictim(os.Getenv(victimProgram))
	case os.Getenv(podServer) != "":
		fmt.Fprintln(os.Stderr, beServer())
		os.Exit(1)
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "rapbot-kubernetes-test-"); err == nil {
		defer os.RemoveAll(programs)
		err = equipPrograms()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func equipPrograms() error {
	if err := os.Chmod(programs, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := filepath.Join(programs, "server")
	machine, err := MachineImages("")
	if err != nil {
		return err
	}
	images["postgresql"] = machine["postgresql"]
	images["server"] = node.Image{Entrypoint: []string{server}, Env: []string{podServer + "=1"}}
	return copyFile(self, server)
}

// beServer answers with the pod's name, and is healthy unless there is a file called sick.
func beServer() error {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getenv("HOSTNAME")) })
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat("sick"); err == nil {
			http.Error(w, "sick", http.StatusInternalServerError)
		}
	})
	return http.ListenAndServe(os.Getenv("POD_IP")+":8080", nil)
}

func copyFile(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return err
}

// images are what the test's pods run.
var images = node.Images{
	"shell":        {},
	"rap-analyzer": {Entrypoint: []string{"/bin/sh", "-c", `echo "version $VERSION"; trap 'exit 0' TERM; while :; do sleep 0.05; done`}},
}

// programs is a folder that everybody can come to, as the folder is not that go test builds in; with the test binary in it.
var programs string

// processesForTest gives a test a namespace in two regions whose pods are processes.
func processesForTest(t *testing.T) *Room {
	t.Helper()
	return share(t, "processes", Options{Names: []string{"us-east-1", "us-west-2"}, Images: images})
}

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

// kubectl runs a kubectl in the test's namespace of us-east-1, with input if there is any.
func (r *Room) kubectl(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.Kubectl(), append([]string{"--namespace", r.Namespace}, args...)...)
	cmd.Env = []string{"KUBECONFIG=" + r.Kubeconfig, "HOME=" + r.Dir(), "PATH=/nonexistent"}
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *Room) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := r.kubectl(t, "", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (r *Room) apply(t *testing.T, manifest string, args ...string) {
	t.Helper()
	if out, err := r.kubectl(t, manifest, append([]string{"apply", "-f", "-"}, args...)...); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

// field gives a part of an object.
func (r *Room) field(t *testing.T, object, path string) string {
	t.Helper()
	return r.do(t, "get", object, "-o", "jsonpath={"+path+"}")
}

// becomes waits until a part of an object is as wanted.
func (r *Room) becomes(t *testing.T, object, path, want string) {
	t.Helper()
	var got string
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	err := wait.Until(ctx, 50*time.Millisecond, func() bool {
		got, _ = r.kubectl(t, "", "get", object, "-o", "jsonpath={"+path+"}")
		return got == want
	})
	if err != nil {
		t.Fatalf("%s of %s is %q and never %q\n%s", path, object, got, want, r.do(t, "describe", object))
	}
}
