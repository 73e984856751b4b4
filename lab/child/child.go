// Package child runs programs that must not outlive the lab: a child ends
// when it is told to, and is killed by the kernel when the lab dies.
package child

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
)

// Child is one program that is being waited for.
type Child struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed when it has ended
	ending atomic.Bool
}

// Start starts cmd in a process group of its own, on a thread that does
// nothing else until it has ended: the kernel sends the parent-death signal
// when the thread that forked ends, and Go ends threads as it likes.
func Start(cmd *exec.Cmd) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	c := &Child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
			return
		}
		started <- nil
		_ = cmd.Wait() // how it ended is read from its state
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// PID is the child's process ID.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Alive reports whether the child runs.
func (c *Child) Alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// Asked reports whether the lab asked the child to end.
func (c *Child) Asked() bool { return c.ending.Load() }

// State describes how the child ended; it is only valid after Done.
func (c *Child) State() string { return c.cmd.ProcessState.String() }

// End asks the child to end by a signal and waits until it has. When ctx ends
// first the child is killed.
func (c *Child) End(ctx context.Context, how syscall.Signal) {
	c.ending.Store(true)
	_ = c.cmd.Process.Signal(how) // an error says that it has ended already
	select {
	case <-c.done:
		return
	case <-ctx.Done():
	}
	_ = c.cmd.Process.Kill()
	<-c.done
}
