package regions

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// State is what has become of a server's processes.
type State string

// The states of a server. Frozen is running with a stopped WAL receiver; a held one's gate waits, and its PostgreSQL does not run.
const (
	Running State = "running"
	Stopped State = "stopped"
	Killed  State = "killed"
	Frozen  State = "frozen"
	Held    State = "held"
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

	life     sync.Mutex // held to bring a gate to life and to kill one, so that a kill never cleans up after the wrong one
	freezing sync.Mutex // one freeze at a time

	mu     sync.Mutex
	proc   *child.Child // the last boot gate; nil before the first
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

// current is the running boot gate, or nil.
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
	case s.proc.Alive() && s.isHeld():
		return Held
	case s.proc.Alive() && s.frozen != nil && s.frozen.holds():
		return Frozen
	case s.proc.Alive():
		return Running
	case s.proc.Killed():
		return Killed
	}
	return Stopped
}

// Stop ends the server and its gate cleanly: sessions are cut, the replicas that are connected get everything, the data are closed by a shutdown
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

// Kill ends the server, its gate and all their processes at once, as a power cut would.
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
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := killTree(ctx, p); err != nil {
		return fmt.Errorf("kill %s: %w", s.Name, err)
	}
	s.sweep()
	s.fleet.log("%s killed", s.Name)
	return nil
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
