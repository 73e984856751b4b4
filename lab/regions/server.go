package regions

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// State is what has become of a server's processes.
type State string

// The states of a server. Frozen is running with a stopped WAL receiver.
const (
	Running State = "running"
	Stopped State = "stopped"
	Killed  State = "killed"
	Frozen  State = "frozen"
)

// Server is the PostgreSQL of one region.
type Server struct {
	Name string // us-east-1
	Slot string // use1
	Port int    // on 127.0.0.1, the same for the fleet's life

	fleet    *Fleet
	dir      string
	held     loopback.Reservation
	starting chan struct{}  // one start at a time; a channel, so that waiting for it can be given up
	idle     chan *pgx.Conn // room for the one connection that Observe keeps

	inbound inbound

	life     sync.Mutex // held to bring a postmaster to life and to kill one, so that a kill never cleans up after the wrong one
	freezing sync.Mutex // one freeze at a time

	mu     sync.Mutex
	proc   *child.Child // the last postmaster; nil before the first
	frozen *freezer     // nil when the WAL receiver is not frozen
}

func newServer(f *Fleet, name string, held loopback.Reservation) *Server {
	return &Server{
		Name: name, Slot: SlotName(name), Port: held.Port,
		fleet: f, held: held, dir: filepath.Join(f.dir, name), starting: make(chan struct{}, 1),
		idle: make(chan *pgx.Conn, 1),
	}
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }
func (s *Server) data(name string) string { return filepath.Join(s.dir, "data", name) }

// DataDir is the server's data folder, readable to root and to the user the servers run as.
func (s *Server) DataDir() string { return s.path("data") }

// LogFile is where the server writes its log.
func (s *Server) LogFile() string { return s.path("server.log") }

// current is the running postmaster, or nil.
func (s *Server) current() *child.Child {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil || !s.proc.Alive() {
		return nil
	}
	return s.proc
}

// State tells what has become of the server. Killed is any end by a signal, also one that came from outside the lab.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.proc == nil:
		return Stopped
	case s.proc.Alive() && s.frozen != nil && s.frozen.holds():
		return Frozen
	case s.proc.Alive():
		return Running
	case s.proc.Killed():
		return Killed
	}
	return Stopped
}

// launch starts the postmaster in the foreground and waits until it accepts connections. What makes the server this one is on the
// command line, where no file copied from another region can change it.
func (s *Server) launch(ctx context.Context) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.fleet.account.Command(s.dir, s.fleet.pg.Program("postgres"), "-D", s.DataDir(),
		"-c", "config_file="+s.path("server.conf"), "-c", "port="+strconv.Itoa(s.Port),
		"-c", "listen_addresses=127.0.0.1", "-c", "cluster_name="+s.Name)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := s.bringToLife(cmd)
	if err != nil {
		return err
	}
	go func() {
		<-p.Done()
		if f := s.takeFreezer(); f != nil {
			f.finish() // a stopped receiver does not notice that its postmaster is gone
		}
	}()
	return s.awaitReady(ctx, p)
}

func (s *Server) bringToLife(cmd *exec.Cmd) (*child.Child, error) {
	s.life.Lock()
	defer s.life.Unlock()
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

// awaitReady watches the line of postmaster.pid in which the postmaster says what it is doing. That costs the server
// nothing, where a connection every few milliseconds would slow its start down.
func (s *Server) awaitReady(ctx context.Context, p *child.Child) error {
	const pidLine, statusLine = 0, 7
	err := wait.Until(ctx, 5*glance, func() bool {
		text, _ := os.ReadFile(s.data("postmaster.pid"))
		lines := strings.Split(string(text), "\n")
		ready := len(lines) > statusLine && lines[pidLine] == strconv.Itoa(p.PID()) && strings.TrimSpace(lines[statusLine]) == "ready"
		return ready || !p.Alive()
	})
	if err != nil {
		return fmt.Errorf("start %s: accepts no connections yet: %w", s.Name, err)
	}
	if !p.Alive() {
		text, _ := os.ReadFile(s.LogFile())
		return fmt.Errorf("start %s: the server ended: %s", s.Name, child.LastLines(string(text), 5))
	}
	return nil
}

// Stop ends the server cleanly: sessions are cut, the replicas that are connected get everything, the data are closed by a shutdown
// checkpoint. A server that is down already is a success. When ctx ends first the server goes on stopping.
func (s *Server) Stop(ctx context.Context) error {
	p := s.current()
	if p == nil {
		return nil
	}
	// A frozen receiver cannot obey, and the server would wait for it for ever.
	if err := s.Thaw(); err != nil {
		return err
	}
	if err := p.End(ctx, syscall.SIGINT); err != nil {
		return fmt.Errorf("stop %s: still shutting down: %w", s.Name, err)
	}
	s.fleet.log("%s stopped", s.Name)
	return nil
}

// Kill ends the server and all its processes at once, as a power cut would.
func (s *Server) Kill() error {
	s.life.Lock()
	defer s.life.Unlock()
	p := s.current()
	if p == nil {
		return nil
	}
	if f := s.takeFreezer(); f != nil {
		defer f.dismiss() // the receiver dies with the others
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := killTree(ctx, p); err != nil {
		return fmt.Errorf("kill %s: %w", s.Name, err)
	}
	s.sweep()
	s.fleet.log("%s killed", s.Name)
	return nil
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

// finish ends the server for good. Data that are about to be removed need no shutdown checkpoint.
func (s *Server) finish(throwAway bool) error {
	s.forgetIdle()
	p := s.current()
	if p == nil {
		return nil
	}
	how := syscall.SIGINT
	if throwAway {
		how = syscall.SIGQUIT
	}
	_ = s.Thaw()
	ctx, cancel := context.WithTimeout(context.Background(), 7*time.Second)
	defer cancel()
	if p.End(ctx, how) == nil {
		return nil
	}
	return s.Kill()
}
