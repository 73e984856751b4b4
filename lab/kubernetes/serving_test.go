package kubernetes

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/line"
)

// server is a pod that answers with its name, in front of it a Service.
const server = `
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: server}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: server
    ports: [{name: web, containerPort: 8080}]
    env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    startupProbe: {tcpSocket: {port: web}, periodSeconds: 1}
    readinessProbe: {httpGet: {path: /healthz, port: web}, periodSeconds: 1, failureThreshold: 1}
    livenessProbe: {exec: {command: [sh, -c, "test ! -e dead"]}, periodSeconds: 1, failureThreshold: 1}
---
apiVersion: v1
kind: Service
metadata: {name: server}
spec: {type: LoadBalancer, selector: {app: server}, ports: [{port: 80, targetPort: web}]}
`

func get(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

func TestServiceLeadsToReadyPods(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	address, err := room.Region("us-east-1").Node.ServiceAddress(room.Namespace, "server", "")
	must(t, err)
	if _, err := get(t.Context(), address.String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("before there is a pod: %v", err)
	}
	room.apply(t, server)
	room.becomes(t, "service/server", ".status.loadBalancer.ingress[0].ip", address.String())
	answers := func() bool { name, err := get(t.Context(), address.String()); return err == nil && name == "server" }
	refuses := func() bool { _, err := get(t.Context(), address.String()); return errors.Is(err, syscall.ECONNREFUSED) }
	eventually(t, "the pod answers", answers)

	room.do(t, "exec", "server", "--", "touch", "sick")
	room.becomes(t, "pod/server", ".status.conditions[?(@.type=='Ready')].status", "False")
	eventually(t, "nothing answers for a pod that is not ready", refuses)
	room.do(t, "exec", "server", "--", "rm", "sick")
	eventually(t, "the pod answers again", answers)

	room.do(t, "exec", "server", "--", "touch", "dead")
	room.becomes(t, "pod/server", ".status.containerStatuses[0].restartCount", "1")
	room.do(t, "delete", "pod", "server")
	eventually(t, "nothing answers for a pod that is gone", refuses)
}

func TestExec(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, server)
	room.becomes(t, "pod/server", ".status.containerStatuses[0].ready", "true")
	out, err := room.kubectl(t, "some input", "exec", "-i", "server", "--", "sh", "-c", "cat; echo '' in $HOSTNAME; exit 7")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 || !strings.HasPrefix(out, "some input in server\n") {
		t.Errorf("%v: %q", err, out)
	}
	if out, err := room.kubectl(t, "", "exec", "server", "--", "no-such-program"); err == nil || !strings.Contains(out, "no-such-program") {
		t.Errorf("%v: %q", err, out)
	}
	if out, err := room.kubectl(t, "", "exec", "server", "-c", "other", "--", "true"); err == nil {
		t.Errorf("in a container that there is none of: %q", out)
	}
	// Who has asked goes away; what was begun goes on.
	room.kubectlFor(t, time.Second, "exec", "server", "--", "sh", "-c", "sleep 3; touch went-on")
	eventually(t, "the command has gone on", func() bool {
		_, err := room.kubectl(t, "", "exec", "server", "--", "test", "-e", "went-on")
		return err == nil
	})
}

// kubectlFor runs a kubectl and kills it after a while.
func (r *Room) kubectlFor(t *testing.T, while time.Duration, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Kubectl(), append([]string{"--kubeconfig", r.Kubeconfig, "--namespace", r.Namespace}, args...)...)
	out, _ := cmd.CombinedOutput() // it is killed
	return string(out)
}

// Whoever is not the API server gets no answer from a node, and no pod runs with the rights of root.
func TestNodeTrustsTheServerOnly(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, server)
	room.becomes(t, "pod/server", ".status.containerStatuses[0].ready", "true")
	if uid := room.do(t, "exec", "server", "--", "id", "-u"); strings.TrimSpace(uid) == "0" {
		t.Error("the pod runs as root")
	}
	region := room.Region("us-east-1")
	port := room.field(t, "node/"+region.Node.Name, ".status.daemonEndpoints.kubeletEndpoint.Port")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Get("https://" + net.JoinHostPort(region.Node.Address, port) + "/containerLogs/" + room.Namespace + "/server/main")
	if err == nil {
		answer.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("a stranger gets %v, %v", answer, err)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: OnFailure
  containers:
  - name: main
    image: shell
    command: [sh, -c, 'if [ -e /run/again ]; then echo second run; sleep 2; echo bye; exit 0; fi; touch /run/again; echo first run; echo oops >&2; exit 1']
    volumeMounts: [{name: run, mountPath: /run}]
  volumes: [{name: run, emptyDir: {}}]
`)
	room.becomes(t, "pod/talker", ".status.containerStatuses[0].restartCount", "1")
	if out := room.do(t, "logs", "talker", "--previous"); !strings.Contains(out, "first run\n") || !strings.Contains(out, "oops\n") {
		t.Errorf("the first run said %q", out)
	}
	if out := room.do(t, "logs", "talker", "--follow"); out != "second run\nbye\n" {
		t.Errorf("the second run said %q", out)
	}
	if out := room.do(t, "logs", "talker", "--tail=1"); out != "bye\n" {
		t.Errorf("its last line is %q", out)
	}
	if out, err := room.Region("us-east-1").Node.PodLog(room.Namespace, "talker", "main", 1); err != nil || out != "bye\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestPortForward(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, server)
	room.becomes(t, "pod/server", ".status.containerStatuses[0].ready", "true")
	cmd := exec.CommandContext(t.Context(), room.Kubectl(), "--kubeconfig", room.Kubeconfig, "--namespace", room.Namespace, "port-forward", "pod/server", ":8080")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	said, err := bufio.NewReader(out).ReadString('\n') // Forwarding from 127.0.0.1:PORT -> 8080
	must(t, err)
	at := strings.Fields(strings.TrimPrefix(said, "Forwarding from "))[0]
	if name, err := get(t.Context(), at); err != nil || name != "server" {
		t.Errorf("at %s: %q, %v", at, name, err)
	}
}

// A region can be cut off from another and still be reached from outside.
func TestLinesBetweenRegions(t *testing.T) {
	room := processesForTest(t)
	room.apply(t, server)
	address, err := room.Region("us-east-1").Node.ServiceAddress(room.Namespace, "server", "")
	must(t, err)
	eventually(t, "the pod answers", func() bool { _, err := get(t.Context(), address.String()); return err == nil })
	room.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: client}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: shell, command: [bash, -c, "sleep 1000"]}]}
`, west)
	eventually(t, "the client runs", func() bool {
		return room.do(t, west, "get", "pod/client", "-o", "jsonpath={.status.phase}") == "Running"
	})
	ask := func() string {
		out, _ := room.kubectl(t, "", west, "exec", "client", "--", "timeout", "2", "bash", "-c",
			"exec 3<>/dev/tcp/"+address.String()+"/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3")
		return out
	}
	if out := ask(); !strings.HasSuffix(out, "server") {
		t.Errorf("over a whole line: %q", out)
	}
	way := room.Line("us-west-2", "us-east-1")
	t.Cleanup(func() { way.Change(func(tr *line.Traffic) { tr.State = line.OK }, nil) })
	for _, state := range []line.State{line.Cut, line.Stalled} {
		way.Change(func(tr *line.Traffic) { tr.State = state }, nil)
		if out := ask(); strings.HasSuffix(out, "server") {
			t.Errorf("over a line that is %s: %q", state, out)
		}
		if name, err := get(t.Context(), address.String()); err != nil || name != "server" {
			t.Errorf("from outside, while another line is %s: %q, %v", state, name, err)
		}
	}
}

// That a server has ended in the dark is not heard outside, and is when there is light again.
func TestNobodyHearsFromTheDark(t *testing.T) {
	room := processesForTest(t)
	t.Cleanup(func() { room.Isolate("us-east-1", line.OK) })
	region := room.Region("us-east-1")
	address, err := region.Node.ServiceAddress(room.Namespace, "server", "")
	must(t, err)
	room.apply(t, server)
	eventually(t, "the pod answers", func() bool { name, err := get(t.Context(), address.String()); return err == nil && name == "server" })

	room.Isolate("us-east-1", line.Stalled)
	must(t, region.Client.CoreV1().Pods(room.Namespace).Delete(t.Context(), "server", meta.DeleteOptions{}))
	eventually(t, "the pod is gone", func() bool {
		_, err := region.Client.CoreV1().Pods(room.Namespace).Get(t.Context(), "server", meta.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	time.Sleep(time.Second) // ten looks at who listens
	if _, err := get(t.Context(), address.String()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in the dark: %v", err)
	}
	room.Isolate("us-east-1", line.OK)
	eventually(t, "nothing answers any more", func() bool { _, err := get(t.Context(), address.String()); return errors.Is(err, syscall.ECONNREFUSED) })
}

// A region in the dark gives no answer to anybody outside, and goes on by itself.
func TestRegionInTheDark(t *testing.T) {
	room := processesForTest(t)
	t.Cleanup(func() { room.Isolate("us-east-1", line.OK) })
	room.Isolate("us-east-1", line.Stalled)
	if out := room.kubectlFor(t, 2*time.Second, "get", "pods"); strings.Contains(out, "No resources") {
		t.Errorf("it answers %q", out)
	}
	if !room.Region("us-east-1").hasServiceAccount(t.Context(), room.Namespace) {
		t.Error("within the region nothing answers")
	}
	if out := room.do(t, "--context=us-west-2", "get", "pods"); !strings.Contains(out, "No resources") {
		t.Errorf("the other region answers %q", out)
	}
	room.Isolate("us-east-1", line.Cut)
	address := room.Region("us-east-1").outside.Addr()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err = conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("over a cut line: %v", err)
		}
		_ = conn.Close()
	}
	room.Isolate("us-east-1", line.OK)
	room.do(t, "get", "pods")
}
