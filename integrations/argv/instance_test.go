package argv_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/argv"
)

// script writes a small program and gives its path.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStatus(t *testing.T) {
	for exit, want := range map[int]string{0: "true", 3: "false", 1: "unavailable", 2: "unavailable", 4: "unavailable", 255: "unavailable"} {
		i := argv.New(argv.Config{Status: []string{script(t, fmt.Sprintf("exit %d", exit))}})
		running, err := i.Running(t.Context())
		got := fmt.Sprint(running)
		if err != nil {
			got = string(rapbot.ErrorCode(err))
		}
		if got != want {
			t.Errorf("exit %d means %s, want %s (%v)", exit, got, want, err)
		}
	}
}

func TestStatusThatCannotBeAsked(t *testing.T) {
	killed := script(t, "kill -KILL $$")
	for _, test := range []struct {
		command []string
		want    string
	}{
		{nil, "The status command is not configured"},
		{[]string{"/nowhere/pg_ctl", "status"}, "The status command (pg_ctl) could not be started: no such file or directory"},
		{[]string{"no-such-program-at-all"}, "could not be started: executable file not found in $PATH"},
		{[]string{killed}, "ended with signal: killed"},
	} {
		_, err := argv.New(argv.Config{Status: test.command}).Running(t.Context())
		if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%q: %v, want %q", test.command, err, test.want)
		}
	}
}

func TestEachActRunsItsCommand(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	tell := script(t, `echo "$@" >> "$0.log"; cat "$0.log" > `+log)
	i := argv.New(argv.Config{StartPrimary: []string{tell, "primary"}, StartReplica: []string{tell, "replica"}, Stop: []string{tell, "stop"}})
	for _, act := range []func(context.Context) error{i.Stop, i.StartPrimary, i.StartReplica} {
		if err := act(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(log); string(text) != "stop\nprimary\nreplica\n" {
		t.Errorf("the commands that ran: %q", text)
	}
}

// Words reach the program as they are: nothing between them is a shell.
func TestNothingIsInterpolated(t *testing.T) {
	words := []string{"$HOME", "a b", "; touch x", "`id`", "*", "--", ""}
	echo := script(t, `for word in "$@"; do printf '<%s>' "$word"; done; exit 1`)
	err := argv.New(argv.Config{Stop: append([]string{echo}, words...)}).Stop(t.Context())
	want := "<" + strings.Join(words, "><") + ">"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFailureSaysWhatTheCommandSaid(t *testing.T) {
	i := argv.New(argv.Config{Stop: []string{script(t, "echo starting; echo 'no pid file' >&2; exit 7")}})
	err := i.Stop(t.Context())
	if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "The stop command (server.sh) exited with 7: starting\nno pid file.") {
		t.Errorf("got %v", err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	i := argv.New(argv.Config{Stop: []string{script(t, "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1")}})
	err := i.Stop(t.Context())
	if err == nil || !strings.Contains(err.Error(), "xxxxx\nthe end.") {
		t.Fatalf("got %.80v", err)
	}
	if n := len(err.Error()); n > 2400 {
		t.Errorf("the error is %d bytes long", n)
	}
}

// The deadline ends the command and everything it has started.
func TestDeadlineKillsTheGroup(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	hang := script(t, "sleep 300 & echo $! > "+pids+"; echo waiting; wait")
	began := time.Now()
	err := argv.New(argv.Config{Stop: []string{hang}, Timeout: 300 * time.Millisecond}).Stop(t.Context())
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if err == nil || !strings.Contains(err.Error(), "did not end within 300 ms: waiting") {
		t.Errorf("got %v", err)
	}
	expectGone(t, pids)
}

func TestCancelledCallerEndsTheCommand(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	hang := script(t, "sleep 300 & echo $! > "+pids+"; wait")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := argv.New(argv.Config{Status: []string{hang}}).Running(ctx)
	if err == nil || !strings.Contains(err.Error(), "no longer waited for") {
		t.Errorf("got %v", err)
	}
	expectGone(t, pids)
}

func expectGone(t *testing.T, pidFile string) {
	t.Helper()
	var pid int
	text, _ := os.ReadFile(pidFile)
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		t.Fatal(err)
	}
	look, end := time.NewTicker(5*time.Millisecond), time.After(5*time.Second)
	defer look.Stop()
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("process %d still runs", pid)
		}
	}
}

// A server left behind with the command's output does not hold the command up.
func TestServerLeftBehind(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	began := time.Now()
	err := argv.New(argv.Config{StartPrimary: []string{script(t, "sleep 300 & echo $! > "+pids)}}).StartPrimary(t.Context())
	if took := time.Since(began); err != nil || took > 3*time.Second {
		t.Errorf("%v after %s", err, took)
	}
	var pid int
	text, _ := os.ReadFile(pids)
	if _, err := fmt.Sscan(string(text), &pid); err != nil || syscall.Kill(pid, 0) != nil {
		t.Errorf("the server was ended with the command: %v", err)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// R10: what a command prints may hold secrets, and so may its arguments.
func TestNoSecrets(t *testing.T) {
	t.Setenv("RAPBOT_POSTGRES_PASSWORD", "hunter2-env")
	noisy := script(t, `
echo "inherited $RAPBOT_POSTGRES_PASSWORD"
echo "postgres://rapbot:hunter2-url@db/rap"
echo "host=db password=hunter2-kv dbname=rap"
echo '{"token": "hunter2-json"}'
echo "PGPASSWORD=hunter2-var pg_ctl"
echo "Authorization: Bearer hunter2-bearer"
exit 1`)
	i := argv.New(argv.Config{Stop: []string{noisy, "--api-token", "hunter2-arg"}, Status: []string{noisy}})
	_, err := i.Running(t.Context())
	for _, err := range []error{err, i.Stop(t.Context())} {
		if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "hunter2") || !strings.Contains(text, "dbname=rap") {
			t.Errorf("%s", text)
		}
	}
}
