package charts

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stubDir names the folder in which the stand-ins for PostgreSQL's programs find their lines and leave their traces.
const stubDir = "RAPBOT_STUB_DIR"

// The test binary is the server too, under the name postgres: a shell started in the background cannot catch an interrupt.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "postgres" {
		bePostgres(os.Getenv(stubDir))
		return
	}
	os.Exit(m.Run())
}

// bePostgres listens, which makes peers with a second answer give it, and writes down each signal with the access rules then in force.
func bePostgres(dir string) {
	signals := make(chan os.Signal, 9)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	_ = os.WriteFile(filepath.Join(dir, "listening"), nil, 0o644)
	_ = os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n/data\n1700000000\n5432\n\n127.0.0.1\n 1 2\nready   \n", os.Getpid()), 0o644)
	rules := func() string {
		text, _ := os.ReadFile(filepath.Join(dir, "gate", "pg_hba.conf"))
		return string(text)
	}
	trace(dir, "started "+admits(rules()))
	for received := range signals {
		switch {
		case received == syscall.SIGHUP:
			trace(dir, "reloaded "+admits(rules()))
		case received == syscall.SIGINT && exists(filepath.Join(dir, "stubborn")):
			trace(dir, "goes on")
		default:
			trace(dir, "ended by "+received.String())
			_ = os.Remove(filepath.Join(dir, "listening"))
			_ = os.Remove(pidFile)
			if exists(filepath.Join(dir, "broken")) {
				os.Exit(7)
			}
			os.Exit(0)
		}
	}
}

func admits(rules string) string {
	if strings.Contains(rules, "everybody") {
		return "open"
	}
	if strings.Count(rules, "reject\n") == 4 {
		return "closed"
	}
	return "with the rules " + rules
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func trace(dir, words string) {
	file, err := os.OpenFile(filepath.Join(dir, "trace"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, _ = fmt.Fprintln(file, words)
		_ = file.Close()
	}
}

// The stand-in for psql answers what a file says that is named after the port it was to connect to.
const psqlStub = `#!/bin/sh
for word do case $word in *port=*) port=${word#*port=}; esac; done
port=${port%% *}
for word do case $word in *replication=true*) replication=yes; esac; done
[ "$replication" = yes ] || exit 2
[ ! -e "$RAPBOT_STUB_DIR/slow" ] || exec sleep 60
if [ -e "$RAPBOT_STUB_DIR/listening" ] && [ -e "$RAPBOT_STUB_DIR/$port.second" ]; then port=$port.second; fi
exec cat "$RAPBOT_STUB_DIR/$port"
`

// The stand-in for pg_isready: a server whose file says nothing does not listen.
const readyStub = `#!/bin/sh
while [ $# -gt 0 ]; do case $1 in -p) port=$2 ;; esac; shift; done
if [ -e "$RAPBOT_STUB_DIR/listening" ] && [ -e "$RAPBOT_STUB_DIR/$port.second" ]; then port=$port.second; fi
[ -s "$RAPBOT_STUB_DIR/$port" ] || exit 2
`

const controlStub = `#!/bin/sh
exec cat "$RAPBOT_STUB_DIR/control"
`

// scene is a gate with a data directory and two peers.
type scene struct {
	*testing.T
	dir   string
	shell string
	gate  *exec.Cmd
	err   strings.Builder
	done  chan error
}

func newScene(t *testing.T, shell string) *scene {
	t.Helper()
	s := &scene{T: t, dir: t.TempDir(), shell: shell, done: make(chan error, 1)}
	for _, sub := range []string{"bin", "data"} {
		s.must(os.Mkdir(filepath.Join(s.dir, sub), 0o755))
	}
	self, err := os.Executable()
	s.must(err)
	s.must(os.Symlink(self, filepath.Join(s.dir, "bin", "postgres")))
	s.must(os.WriteFile(filepath.Join(s.dir, "bin", "psql"), []byte(psqlStub), 0o755))
	s.must(os.WriteFile(filepath.Join(s.dir, "bin", "pg_isready"), []byte(readyStub), 0o755))
	s.must(os.WriteFile(filepath.Join(s.dir, "bin", "pg_controldata"), []byte(controlStub), 0o755))
	s.write("hba", "host everybody\n")
	s.control(3, 0, "in production")
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) write(name, text string) {
	s.Helper()
	s.must(os.WriteFile(filepath.Join(s.dir, name+".new"), []byte(text), 0o644))
	s.must(os.Rename(filepath.Join(s.dir, name+".new"), filepath.Join(s.dir, name)))
}

func (s *scene) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(s.dir, name))
	return strings.TrimSpace(string(text))
}

func (s *scene) control(timeline, minRecovery int, state string) {
	s.Helper()
	s.write("control", fmt.Sprintf("Database system identifier:           %s\nDatabase cluster state:               %s\n"+
		"Latest checkpoint's TimeLineID:       %d\nLatest checkpoint's PrevTimeLineID:   9\nMin recovery ending loc's timeline:   %d\n",
		ourSystem, state, timeline, minRecovery))
}

// start runs the gate; what is set in env comes after the defaults.
func (s *scene) start(env ...string) {
	s.Helper()
	s.gate = exec.Command(s.shell, "postgresql/files/boot-gate.sh", "postgres", "-D", filepath.Join(s.dir, "data"))
	s.gate.Env = append([]string{
		"PATH=" + filepath.Join(s.dir, "bin") + ":" + os.Getenv("PATH"), stubDir + "=" + s.dir,
		"GATE_PGDATA=" + filepath.Join(s.dir, "data"), "GATE_DIR=" + filepath.Join(s.dir, "gate"), "GATE_HBA=" + filepath.Join(s.dir, "hba"),
		"GATE_PEERS=west=127.0.0.1:1 eu=127.0.0.1:2", "GATE_PEER_CONNINFO=user=replicator", "GATE_EVERY=0.05",
	}, env...)
	s.run()
}

// run runs what is in gate in a process group of its own, which ends with the test.
func (s *scene) run() {
	s.Helper()
	s.gate.Stderr = &s.err
	s.gate.WaitDelay = time.Second
	s.gate.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.must(s.gate.Start())
	go func() { s.done <- s.gate.Wait() }()
	s.Cleanup(func() {
		_ = syscall.Kill(-s.gate.Process.Pid, syscall.SIGKILL) // what the test has not ended
		if s.Failed() {
			s.Logf("state %q; trace:\n%s\nstderr:\n%s", s.read("gate/state"), s.read("trace"), s.err.String())
		}
	})
}

// awaits waits for the state line, or its beginning.
func (s *scene) awaits(state string) {
	s.Helper()
	s.eventually("state "+state, func() bool { return strings.HasPrefix(s.read("gate/state"), state) })
}

func (s *scene) eventually(what string, so func() bool) {
	s.Helper()
	for deadline := time.Now().Add(10 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("never happened: %s", what)
		}
	}
}

// ends sends the gate a signal, waits for its end and gives its status. None of its processes may be left then.
func (s *scene) ends(with syscall.Signal) int {
	s.Helper()
	s.must(s.gate.Process.Signal(with))
	return s.ended()
}

func (s *scene) ended() int {
	s.Helper()
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		s.Fatal("the gate does not end")
	}
	if err := syscall.Kill(-s.gate.Process.Pid, 0); err == nil {
		s.Error("processes of the gate are left")
	}
	return s.gate.ProcessState.ExitCode()
}
