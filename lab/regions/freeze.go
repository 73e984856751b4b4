package regions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// freezer is a stopped WAL receiver and a guard over it. A stopped process obeys nobody, so it would stay for ever if the lab were
// killed; the guard is a shell that waits on a pipe from the lab and kills the receiver when the pipe closes without a word.
type freezer struct {
	pid   int
	guard *child.Guard
}

const guardScript = `read -r _ && exit; kill -KILL "$0"`

// Freeze stops the process that receives WAL. The server goes on answering from what it has replayed, and the
// primary goes on believing for a while that it streams: what a hung network or a stalled disk looks like.
func (s *Server) Freeze() error {
	s.freezing.Lock()
	defer s.freezing.Unlock()
	p := s.current()
	if p == nil {
		return fmt.Errorf("freeze %s: the server is down: %w", s.Name, ErrWrongRole)
	}
	if s.State() == Frozen {
		return nil
	}
	if f := s.takeFreezer(); f != nil {
		f.dismiss() // its receiver was ended by somebody else, and the server has started another
	}
	pid := walReceiver(s.postmaster(p))
	if pid == 0 {
		return fmt.Errorf("freeze %s: it has no WAL receiver, so it is a primary or its primary is away: %w", s.Name, ErrWrongRole)
	}
	f, err := s.freeze(pid)
	if err != nil {
		return fmt.Errorf("freeze %s: %w", s.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.Alive() {
		f.finish()
		return fmt.Errorf("freeze %s: the server ended meanwhile: %w", s.Name, ErrWrongRole)
	}
	s.frozen = f
	s.fleet.log("%s frozen (WAL receiver %d)", s.Name, pid)
	return nil
}

func (s *Server) freeze(pid int) (*freezer, error) {
	guard, err := child.StartGuard(s.fleet.account.Command(s.dir, "sh", "-c", guardScript, fmt.Sprint(pid)))
	if err != nil {
		return nil, err
	}
	f := &freezer{pid: pid, guard: guard}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		f.dismiss()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := wait.Until(ctx, glance, f.holds); err != nil {
		f.dismiss()
		return nil, fmt.Errorf("WAL receiver %d does not stop: %w", pid, err)
	}
	return f, nil
}

// Thaw lets the WAL receiver go on. A server that is not frozen is a success.
func (s *Server) Thaw() error {
	f := s.takeFreezer()
	if f == nil {
		return nil
	}
	err := syscall.Kill(f.pid, syscall.SIGCONT)
	f.dismiss()
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("thaw %s: %w", s.Name, err)
	}
	s.fleet.log("%s thawed", s.Name)
	return nil
}

// takeFreezer hands the freezer to exactly one caller, who ends it.
func (s *Server) takeFreezer() *freezer {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.frozen
	s.frozen = nil
	return f
}

// holds says whether the receiver is stopped.
func (f *freezer) holds() bool {
	state, _ := kernelView(f.pid)
	return state == 'T'
}

// dismiss sends the guard home and leaves the receiver as it is.
func (f *freezer) dismiss() { f.guard.Dismiss() }

// finish lets the guard kill the receiver, and waits for the guard.
func (f *freezer) finish() { f.guard.Finish() }

func walReceiver(postmaster int) int {
	for _, pid := range childrenOf(postmaster) {
		if strings.Contains(title(pid), "walreceiver") {
			return pid
		}
	}
	return 0
}
