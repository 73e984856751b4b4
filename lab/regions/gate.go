package regions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/api"
	"github.com/rap-analyzer/rapbot/lab/wait"

	"golang.org/x/sys/unix"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// ErrHeld says that the boot gate lets a server's PostgreSQL not start.
var ErrHeld error = api.Refusal{Status: http.StatusConflict, Words: "the boot gate holds it"}

// gateWords are the words that the gate's state begins with.
const (
	gateHeld = "held"
	gateOpen = "open"
)

// GateState is the one line in which the boot gate says what it does: starting, open, "held <reason>", "stopping <reason>" or ended. It is
// empty before the first start. After a kill it is what it was before.
func (s *Server) GateState() string {
	text, _ := os.ReadFile(s.path("gate/state"))
	return strings.TrimSpace(string(text))
}

func (s *Server) isHeld() bool { return strings.HasPrefix(s.GateState(), gateHeld) }

func (s *Server) heldReason() string {
	return strings.TrimSpace(strings.TrimPrefix(s.GateState(), gateHeld))
}

// heldError is the error for a server that was to start and waits.
func (s *Server) heldError() error {
	return fmt.Errorf("start %s: %w: %s", s.Name, ErrHeld, s.heldReason())
}

// launch starts PostgreSQL through its boot gate and waits until clients may come in, or the gate holds. What makes the server this one is on
// the command line, where no file copied from another region can change it. More settings of the gate come last and count.
func (s *Server) launch(ctx context.Context, gate ...string) (*child.Child, error) {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := s.fleet.account.Command(s.dir, "sh", s.path("boot-gate.sh"), s.fleet.pg.Program("postgres"), "-D", s.DataDir(),
		"-c", "config_file="+s.path("server.conf"), "-c", "port="+strconv.Itoa(s.Port),
		"-c", "listen_addresses=127.0.0.1", "-c", "cluster_name="+s.Name)
	cmd.Env = append(append(cmd.Env, s.gateSettings()...), gate...)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := s.bringToLife(cmd)
	if err != nil {
		return nil, err
	}
	go func() {
		<-p.Done()
		if f := s.takeFreezer(); f != nil {
			f.finish() // a stopped receiver does not notice that its postmaster is gone
		}
	}()
	return p, s.awaitOpen(ctx, p)
}

func (s *Server) gateSettings() []string {
	var peers []string
	for _, other := range s.fleet.servers {
		if other != s {
			peers = append(peers, fmt.Sprintf("%s=127.0.0.1:%d", other.Name, other.portFor(s.Name)))
		}
	}
	return []string{
		"PATH=" + s.fleet.pg.Dir + ":" + os.Getenv("PATH"),
		"GATE_PGDATA=" + s.DataDir(),
		"GATE_DIR=" + s.path("gate"),
		"GATE_HBA=" + s.path("pg_hba.conf"),
		"GATE_PEERS=" + strings.Join(peers, " "),
		"GATE_PEER_CONNINFO=user=replicator passfile=" + quoteConninfo(s.path("pgpass")) + " sslmode=disable gssencmode=disable",
		fmt.Sprintf("GATE_SELF_FENCE=%d", (s.fleet.selfFence+time.Second-1)/time.Second),
		fmt.Sprintf("GATE_EVERY=%.3f", s.fleet.gateEvery.Seconds()),
		"GATE_EXEC=setpriv --pdeathsig KILL --", // the gate dies with the lab, and PostgreSQL with the gate
	}
}

func (s *Server) bringToLife(cmd *exec.Cmd) (*child.Child, error) {
	s.life.Lock()
	defer s.life.Unlock()
	if err := os.RemoveAll(s.path("gate/state")); err != nil { // what the gate before this one said
		return nil, err
	}
	p, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.proc = p
	s.mu.Unlock()
	s.follow(p)
	return p, nil
}

// awaitOpen waits until the gate lets clients in, which it does when PostgreSQL is ready. A gate that holds is an error at once.
func (s *Server) awaitOpen(ctx context.Context, p *child.Child) error {
	err := wait.Until(ctx, 5*glance, func() bool { return s.GateState() == gateOpen || s.isHeld() || !p.Alive() })
	switch {
	case err != nil:
		return fmt.Errorf("start %s: accepts no connections yet: %w", s.Name, err)
	case !p.Alive():
		text, _ := os.ReadFile(s.LogFile())
		return fmt.Errorf("start %s: the server ended: %s", s.Name, child.LastLines(string(text), 5))
	case s.isHeld():
		return s.heldError()
	}
	return nil
}

// awaitLeave waits until the gate no longer holds the server back; when ctx ends first, the error has the gate's reason.
func (s *Server) awaitLeave(ctx context.Context, p *child.Child) error {
	for {
		err := s.awaitOpen(ctx, p)
		if !errors.Is(err, ErrHeld) {
			return err
		}
		if wait.Until(ctx, 5*glance, func() bool { return !s.isHeld() || !p.Alive() }) != nil {
			return err
		}
	}
}

// postmaster is the process of PostgreSQL that the gate runs, or 0.
func (s *Server) postmaster(gate *child.Child) int {
	text, _ := os.ReadFile(s.data("postmaster.pid"))
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	if _, parent := kernelView(pid); parent != gate.PID() {
		return 0
	}
	return pid
}

// sweep removes what a killed postmaster leaves and a restart could stumble over.
func (s *Server) sweep() { Sweep(s.DataDir()) }

// Sweep removes from a data folder whose postmaster was killed what would be gone after a power cut: the pid file, whose number may by
// then be another process's, and the shared memory segment that it names.
func Sweep(dataDir string) {
	file := filepath.Join(dataDir, "postmaster.pid")
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	const memoryLine = 6
	if lines := strings.Split(string(text), "\n"); len(lines) > memoryLine {
		if fields := strings.Fields(lines[memoryLine]); len(fields) == 2 {
			if id, err := strconv.Atoi(fields[1]); err == nil {
				_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			}
		}
	}
	_ = os.Remove(file)
}

// SelfFence is how long a primary goes on that has lost every other region.
func (f *Fleet) SelfFence() time.Duration { return f.selfFence }
