// Package cage runs programs of which nothing remains: when a program ends, or is
// killed, or the lab dies, everything that it has started dies with it, as in a
// container.
//
// Between the lab and the program stands a keeper, which is the lab's own binary,
// started anew: it is what the kernel gives the program's orphans to, and it kills
// them when the program ends or when its pipe to the lab closes. So it works in
// whatever binary this package is linked into, a test's too, and needs no rights.
//
// Linux only.
package cage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// Cage is a running program with all that it has started.
type Cage struct {
	keeper *child.Child

	mu     sync.Mutex
	orders *os.File // to the keeper, a byte each
}

// Start starts cmd in a cage. Of its SysProcAttr only the Credential counts.
func Start(cmd *exec.Cmd) (*Cage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if cmd.Err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), cmd.Err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Credential != nil {
		uid, gid = int(cmd.SysProcAttr.Credential.Uid), int(cmd.SysProcAttr.Credential.Gid)
	}
	theirs, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd.Args = append([]string{keeperName, fmt.Sprint(uid), fmt.Sprint(gid), cmd.Path}, cmd.Args...)
	cmd.Path = self
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the pipe ends the keeper, which has to clean up first
	keeper, err := child.Start(cmd)
	if err != nil {
		_ = orders.Close()
		return nil, err
	}
	return &Cage{keeper: keeper, orders: orders}, nil
}

// Signal sends the program itself a signal, as its init process would get it. One
// that has ended is a success.
func (c *Cage) Signal(how syscall.Signal) { c.order(byte(how)) }

// Freeze stops everything in the cage in its tracks. Thaw lets it go on.
func (c *Cage) Freeze() { c.order(orderFreeze) }

// Thaw lets a frozen cage go on.
func (c *Cage) Thaw() { c.order(orderThaw) }

// Kill kills everything in the cage, a frozen one too, and waits until nothing is left.
func (c *Cage) Kill() {
	c.order(orderKill)
	<-c.keeper.Done()
}

func (c *Cage) order(order byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.orders.Write([]byte{order}) // an error says that the keeper has ended, and all with it
}

// Done is closed when nothing is left of the cage.
func (c *Cage) Done() <-chan struct{} { return c.keeper.Done() }

// Wait waits until the program has ended, and all that it had started, and gives
// its exit code: 128 and the signal's number when a signal ended it.
func (c *Cage) Wait(ctx context.Context) (int, error) {
	select {
	case <-c.keeper.Done():
		c.mu.Lock()
		_ = c.orders.Close() // closing it again does nothing
		c.mu.Unlock()
		return c.keeper.ExitCode(), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// PID is the keeper's process ID, whose descendants are what is in the cage.
func (c *Cage) PID() int { return c.keeper.PID() }
