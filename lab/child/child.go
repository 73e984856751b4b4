// Package child runs programs that must not outlive the lab: a child ends
// when it is told to, and is killed by the kernel when the lab dies.
package child

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

// Child is one program that is being waited for.
type Child struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed when it has ended and err is set
	err    error
	ending atomic.Bool
}

// Bound is how a child is started that must not outlive the lab. It has a
// group of its own, so that Ctrl-C in a terminal reaches the lab and not the
// child behind its back.
func Bound() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// Start starts cmd, bound to the lab unless cmd says otherwise, on a thread
// that does nothing else until it has ended: the kernel sends the parent-death
// signal when the thread that forked ends, and Go ends threads as it likes.
func Start(cmd *exec.Cmd) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = Bound()
	}
	c := &Child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, after the child
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
			return
		}
		started <- nil
		c.err = cmd.Wait()
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

// Ending reports whether the child was asked to end.
func (c *Child) Ending() bool { return c.ending.Load() }

// MarkEnding notes that the child is being ended by other means than End.
func (c *Child) MarkEnding() { c.ending.Store(true) }

// End asks the child to end and waits until it has. The child goes on ending
// when ctx does not last that long.
func (c *Child) End(ctx context.Context, how syscall.Signal) error {
	c.ending.Store(true)
	_ = c.cmd.Process.Signal(how) // an error says that it has ended already
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Killed reports whether a signal ended the child; it counts after Done. A
// shell passes on what ended its own child as a status above 128.
func (c *Child) Killed() bool {
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && (status.Signaled() || status.ExitStatus() > 128)
}

// ExitCode is the program's; it counts after Done. It is -1 when a signal ended it.
func (c *Child) ExitCode() int { return c.cmd.ProcessState.ExitCode() }

// State describes how the child ended; it counts after Done.
func (c *Child) State() string { return c.cmd.ProcessState.String() }

// Run carries out a tool such as initdb; its words are part of the error. They
// go to the command's own Stderr too if it has one.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	var said bytes.Buffer
	all := io.Writer(&said)
	if cmd.Stderr != nil {
		all = io.MultiWriter(&said, cmd.Stderr)
	}
	cmd.Stdout, cmd.Stderr = all, all
	c, err := Start(cmd)
	if err != nil {
		return err
	}
	name := filepath.Base(cmd.Path)
	select {
	case <-c.done:
	case <-ctx.Done():
		_ = c.cmd.Process.Kill()
		<-c.done
		return fmt.Errorf("%s: %w", name, ctx.Err())
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w: %s", name, c.err, LastLines(said.String(), 4))
	}
	return nil
}

// LastLines puts the end of a log into one line of an error.
func LastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, " | ")
}

// Signal sends the child a signal without waiting.
func (c *Child) Signal(how syscall.Signal) error { return c.cmd.Process.Signal(how) }
