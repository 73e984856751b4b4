package cage

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

// Under this variable the test binary is a lab that is about to be killed.
const victim = "RAPBOT_CAGE_VICTIM"

func TestMain(m *testing.M) {
	if script := os.Getenv(victim); script != "" {
		c, err := Start(exec.Command("sh", "-c", script))
		fmt.Println("ready", err)
		<-c.Done()
		return
	}
	os.Exit(m.Run())
}

// marked is a script whose processes can be found by the mark in their environment.
func marked(t *testing.T, script string) (cmd *exec.Cmd, left func() []int) {
	t.Helper()
	mark := fmt.Sprintf("CAGE_MARK=%s.%d", t.Name(), time.Now().UnixNano())
	cmd = exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), mark)
	return cmd, func() []int {
		var found []int
		for _, pid := range descendants(1) {
			environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			if strings.Contains(string(environ), mark) {
				found = append(found, pid)
			}
		}
		return found
	}
}

// A family whose members hide: a grandchild whose parent has ended, in a session of its own, that obeys no signal that can be caught.
const family = `(setsid sh -c 'trap "" TERM INT HUP; echo $$; while :; do sleep 1; done' &) ; `

func start(t *testing.T, cmd *exec.Cmd) *Cage {
	t.Helper()
	c, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	return c
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := wait.Until(ctx, 5*time.Millisecond, so); err != nil {
		t.Fatalf("never happened: %s", what)
	}
}

func TestNothingOutlivesTheProgram(t *testing.T) {
	cmd, left := marked(t, family+"read -r _; exit 7")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, cmd)
	eventually(t, "the family runs", func() bool { return len(left()) >= 4 }) // the keeper, the program, its grandchild and a sleep
	_ = in.Close()
	if code, err := c.Wait(t.Context()); err != nil || code != 7 {
		t.Errorf("exit code %d, %v", code, err)
	}
	if pids := left(); len(pids) > 0 {
		t.Errorf("still run: %v", pids)
	}
}

func TestKill(t *testing.T) {
	cmd, left := marked(t, family+"sleep 1000")
	c := start(t, cmd)
	eventually(t, "the family runs", func() bool { return len(left()) >= 4 })
	c.Freeze()
	eventually(t, "all are stopped", func() bool {
		for _, pid := range c.Descendants() {
			if state, _ := look(pid); state != 'T' {
				return false
			}
		}
		return true
	})
	c.Kill()
	if pids := left(); len(pids) > 0 {
		t.Errorf("still run: %v", pids)
	}
	if code, _ := c.Wait(t.Context()); code != 137 {
		t.Errorf("exit code %d", code)
	}
}

func TestThaw(t *testing.T) {
	// Not a shell that starts others: one that is frozen while it does, by vfork, stays in uninterruptible sleep.
	cmd, _ := marked(t, "exec sleep 60")
	c := start(t, cmd)
	eventually(t, "it runs", func() bool { return len(c.Descendants()) > 0 })
	program := c.Descendants()[0]
	c.Freeze()
	eventually(t, "it is stopped", func() bool { state, _ := look(program); return state == 'T' })
	c.Thaw()
	eventually(t, "it goes on", func() bool { state, _ := look(program); return state != 'T' })
}

func TestSignalReachesTheProgram(t *testing.T) {
	var said bytes.Buffer
	cmd, _ := marked(t, `trap 'echo asked to end; exit 3' TERM; echo ready; while :; do sleep 0.01; done`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, cmd)
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	c.Signal(syscall.SIGTERM)
	_, _ = said.ReadFrom(lines)
	if said.String() != "asked to end\n" {
		t.Errorf("said %q", said.String())
	}
	if code, _ := c.Wait(t.Context()); code != 3 {
		t.Errorf("exit code %d", code)
	}
}

func TestProgramThatASignalEnds(t *testing.T) {
	cmd, _ := marked(t, "kill -KILL $$")
	if code, err := start(t, cmd).Wait(t.Context()); err != nil || code != 137 {
		t.Errorf("exit code %d, %v", code, err)
	}
}

func TestProgramThatIsNone(t *testing.T) {
	cmd := exec.Command("/dev/null")
	var said bytes.Buffer
	cmd.Stderr = &said
	code, err := start(t, cmd).Wait(t.Context())
	if err != nil || code != exitCannotRun || !strings.Contains(said.String(), "permission denied") {
		t.Errorf("exit code %d, %v: %s", code, err, said.String())
	}
	if _, err := Start(exec.Command("no-such-program-anywhere")); err == nil {
		t.Error("it started")
	}
}

// The lab is killed in a way that leaves it no time for anything.
func TestKilledLab(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	lab := exec.Command(self)
	cmd, left := marked(t, "")
	lab.Env = append(cmd.Env, victim+"="+family+"sleep 1000")
	out, err := lab.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready <nil>\n" {
		t.Errorf("the lab says %q: %v", line, err)
	}
	eventually(t, "the family runs", func() bool { return len(left()) >= 5 })
	if err := lab.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = lab.Wait()
	eventually(t, "all are gone", func() bool { return len(left()) == 0 })
}
