package regions

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// glance is the pause between two looks at something that the kernel or PostgreSQL does not announce.
const glance = time.Millisecond

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is constant and well formed
	var children []int
	for _, path := range stats {
		candidate, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if _, parent := kernelView(candidate); parent == pid {
			children = append(children, candidate)
		}
	}
	return children
}

// kernelView gives a process's state letter (R, S, T, Z…) and its parent, or 0 and 0 when there is no such process.
func kernelView(pid int) (state byte, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	// The second field is the program's name in brackets, and may hold spaces and brackets itself.
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0][0], parent
}

// title is what a PostgreSQL process says of itself: "postgres: us-west-2: walreceiver streaming 0/3000148".
func title(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimRight(strings.ReplaceAll(string(text), "\x00", " "), " ")
}

// killTree ends a postmaster and all its children as a power cut would, and comes back when none of them is left. The postmaster is
// stopped first: running, it would fork again between our look at its children and the kill, and would begin a recovery of its own.
func killTree(ctx context.Context, p *child.Child) error {
	p.MarkEnding()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		<-p.Done()
		return nil
	}
	if err := wait.Until(ctx, glance, func() bool { state, _ := kernelView(p.PID()); return state == 'T' || !p.Alive() }); err != nil {
		return err
	}
	children := childrenOf(p.PID())
	_ = p.Signal(syscall.SIGKILL)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.Done()
	return wait.Until(ctx, glance, func() bool {
		for _, pid := range children {
			// A zombie waits for init to collect it, but holds no memory, file or socket any more.
			if state, _ := kernelView(pid); state != 0 && state != 'Z' && state != 'X' {
				return false
			}
		}
		return true
	})
}
