package regions

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

// process is one child that is being waited for.
type process struct {
	cmd    *exec.Cmd
	done   chan struct{} // closed when the child has ended and err is set
	err    error
	ending atomic.Bool // it was asked to end
}

// launch starts cmd on a thread that does nothing else until the child has ended. The kernel sends the parent-death signal when
// the *thread* that forked ends, and Go ends and moves threads as it likes: a child forked from any goroutine could be killed
// while the lab runs on.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, after the child
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// end asks the child to end and waits until it has. The child goes on ending when ctx does not last that long.
func (p *process) end(ctx context.Context, how syscall.Signal) error {
	p.ending.Store(true)
	_ = p.cmd.Process.Signal(how) // an error says that it has ended already
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// killed says whether a signal ended the child.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// run carries out a tool such as initdb; its words are part of the error.
func run(ctx context.Context, cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	name := filepath.Base(cmd.Path)
	select {
	case <-p.done:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s: %w", name, ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w: %s", name, p.err, lastLines(said.String(), 4))
	}
	return nil
}

// lastLines puts the end of a log into one line of an error.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, " | ")
}
