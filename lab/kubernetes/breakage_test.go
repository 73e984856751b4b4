package kubernetes

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

func TestFrozenServer(t *testing.T) {
	room := processesForTest(t)
	room.apply(t, database)
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	_, pid := story(t, room)
	region := room.Region("us-east-1")
	t.Cleanup(func() { must(t, region.Thaw()) })
	must(t, region.Freeze())
	must(t, region.Freeze()) // which is a success
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := region.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err == nil || ctx.Err() == nil {
		t.Errorf("it answers: %v", err)
	}
	must(t, syscall.Kill(pid, 0))
	must(t, region.Thaw())
	room.do(t, "scale", "statefulset/postgresql", "--replicas=0")
	eventually(t, "the pod's object is gone", func() bool { return room.do(t, "get", "pods", "-o", "name") == "" })
}

// A control plane that comes back has what it had, under the same address; pods have run on.
func TestStoppedRegion(t *testing.T) {
	room := processesForTest(t)
	room.apply(t, database)
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	_, pid := story(t, room)
	region := room.Region("us-east-1")
	t.Cleanup(func() { must(t, region.Start(context.Background())) })
	must(t, region.Stop())
	if out, err := room.kubectl(t, "", "get", "pods"); err == nil || !strings.Contains(out, "refused") {
		t.Errorf("%v: %s", err, out)
	}
	must(t, syscall.Kill(pid, 0))
	must(t, region.Start(t.Context()))
	must(t, region.Start(t.Context())) // which is a success
	if ready := room.field(t, "statefulset/postgresql", ".status.readyReplicas"); ready != "1" {
		t.Errorf("%s pods are ready", ready)
	}
	if _, same := story(t, room); same != pid {
		t.Errorf("the pod was started anew as process %d", same)
	}
	room.do(t, "scale", "statefulset/postgresql", "--replicas=0")
	eventually(t, "the pod's object is gone", func() bool { return room.do(t, "get", "pods", "-o", "name") == "" })
}

// A machine that has lost its power comes back with its volumes, and its pods are started again.
func TestKilledNode(t *testing.T) {
	room := processesForTest(t)
	room.apply(t, database)
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	_, pid := story(t, room)
	node := room.Region("us-east-1").Node
	t.Cleanup(func() { must(t, node.Start(context.Background())) })
	node.Kill()
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d still runs", pid)
	}
	if phase := room.field(t, "pod/postgresql-0", ".status.phase"); phase != "Running" {
		t.Errorf("somebody was told: the pod is %s", phase)
	}
	must(t, node.Start(t.Context()))
	room.becomes(t, "pod/postgresql-0", ".status.containerStatuses[0].restartCount", "1")
	eventually(t, "it has begun again on its volume", func() bool {
		lines, _ := story(t, room)
		return fmt.Sprint(lines) == "[begin begin]"
	})
}

func TestFrozenNode(t *testing.T) {
	room := processesForTest(t)
	room.apply(t, server)
	room.becomes(t, "pod/server", ".status.containerStatuses[0].ready", "true")
	node := room.Region("us-east-1").Node
	address, err := node.ServiceAddress(room.Namespace, "server", "")
	must(t, err)
	t.Cleanup(node.Thaw)
	node.Freeze()
	if name, err := get(t.Context(), address.String()); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("it answers %q, %v", name, err)
	}
	room.do(t, "delete", "pod", "server", "--grace-period=1", "--wait=false")
	if name, err := get(t.Context(), address.String()); err == nil {
		t.Errorf("it answers %q", name)
	}
	if out := room.do(t, "get", "pods", "-o", "name"); out == "" {
		t.Error("it has ended a pod")
	}
	node.Thaw()
	eventually(t, "the pod is gone", func() bool { return room.do(t, "get", "pods", "-o", "name") == "" })
}

func TestKilledRegion(t *testing.T) {
	lab := StartForTest(t, Options{Names: []string{"mars"}, Images: images})
	room := &Room{Lab: lab.Lab, Namespace: lab.Namespace}
	room.apply(t, database)
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	_, pid := story(t, room)
	must(t, room.Region("mars").Kill())
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d still runs", pid)
	}
	must(t, room.Region("mars").Start(t.Context()))
	room.becomes(t, "statefulset/postgresql", ".status.readyReplicas", "1")
	if lines, _ := story(t, room); fmt.Sprint(lines) != "[begin begin]" {
		t.Errorf("its story is %v", lines)
	}
}

// beVictim is a lab that is about to be killed, with a pod whose processes hide.
func beVictim(program string) {
	ctx := context.Background()
	lab, err := Start(ctx, Options{Names: []string{"us-east-1"}, FakeNodes: 1, Images: images, Program: program})
	if err == nil {
		err = makeHidingPod(ctx, lab)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lab.Dir())
	select {} // the kill comes from outside
}

func makeHidingPod(ctx context.Context, lab *Lab) error {
	region := lab.Region("us-east-1")
	_, err := region.Client.CoreV1().Pods("default").Create(ctx, &core.Pod{
		ObjectMeta: meta.ObjectMeta{Name: "hiding"},
		Spec: core.PodSpec{
			NodeName: region.Node.Name,
			Containers: []core.Container{{
				Name: "main", Image: "shell", Command: []string{"sh", "-c", `(setsid sh -c 'trap "" TERM; while :; do sleep 0.1; done' &); touch there; sleep 1000`},
			}},
		},
	}, meta.CreateOptions{})
	if err != nil {
		return err
	}
	return region.await(ctx, "the pod does not run", func(context.Context) bool {
		found, _ := filepath.Glob(region.path("node", "pods", "*", "h", "main", "there"))
		return len(found) > 0
	})
}

// Nothing outlives a lab that is killed, neither a process nor a file. It runs beside another lab, and as a user without rights if the test's has them.
func TestKilledLab(t *testing.T) {
	room := processesForTest(t)
	program := filepath.Join(programs, "cluster")
	must(t, copyFile(room.program, program))
	victim := exec.CommandContext(t.Context(), filepath.Join(programs, "server"))
	victim.Env = []string{victimProgram + "=" + program, "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	account, err := regions.ServerAccount()
	must(t, err)
	victim.Dir, victim.SysProcAttr = "/", &syscall.SysProcAttr{Credential: account.Credential()}
	out, err := victim.StdoutPipe()
	must(t, err)
	must(t, victim.Start())
	dir, err := bufio.NewReader(out).ReadString('\n')
	dir = strings.TrimSpace(dir)
	if err != nil || !filepath.IsAbs(dir) {
		_ = victim.Process.Kill()
		t.Fatalf("the lab says %q: %v", dir, err)
	}
	if running := processesIn(dir); len(running) < 9 { // five of the control plane, the pod's, and what removes the folder
		t.Errorf("only these run: %v", running)
	}
	must(t, victim.Process.Kill())
	_ = victim.Wait()
	eventually(t, "all processes are gone", func() bool { return len(processesIn(dir)) == 0 })
	eventually(t, "the folder is gone", func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) })
	room.do(t, "get", "pods")
}

// processesIn lists the processes that work in a folder or are told of it.
func processesIn(dir string) []string {
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is constant and well formed
	var found []string
	for _, process := range all {
		cwd, _ := os.Readlink(filepath.Join(process, "cwd"))
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		if strings.HasPrefix(cwd, dir) || strings.Contains(string(command), dir) {
			found = append(found, strings.ReplaceAll(string(command), "\x00", " "))
		}
	}
	return found
}
