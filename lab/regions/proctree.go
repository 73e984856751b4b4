package regions

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// glance is the pause between two looks at something that the kernel or PostgreSQL does not announce.
const glance = time.Millisecond

// childrenOf lists the processes whose parent is one of these.
func childrenOf(parents ...int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is constant and well formed
	var children []int
	for _, path := range stats {
		candidate, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if _, parent := kernelView(candidate); slices.Contains(parents, parent) {
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

// killTree ends a process and all below it as a power cut would, and comes back when none of them is left. Each is stopped before its children
// are looked up: running, it would fork again between the look and the kill, and a postmaster would begin a recovery of its own.
func killTree(ctx context.Context, p *child.Child) error {
	p.MarkEnding()
	family, err := stopTree(ctx, p.PID())
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		return err
	}
	<-p.Done()
	return wait.Until(ctx, glance, func() bool { return !slices.ContainsFunc(family, isAlive) })
}

// stopTree stops a process and all below it, generation by generation, and lists them.
func stopTree(ctx context.Context, pid int) ([]int, error) {
	var family []int
	for generation := []int{pid}; len(generation) > 0; generation = childrenOf(generation...) {
		for _, one := range generation {
			_ = syscall.Kill(one, syscall.SIGSTOP) // an error says that it has ended
		}
		family = append(family, generation...)
		err := wait.Until(ctx, glance, func() bool { return !slices.ContainsFunc(generation, isGoing) })
		if err != nil {
			return family, err
		}
	}
	return family, nil
}

func isGoing(pid int) bool {
	state, _ := kernelView(pid)
	return state != 'T' && isAlive(pid)
}

// isAlive does not count a zombie: it waits to be collected, but holds no memory, file or socket any more.
func isAlive(pid int) bool {
	state, _ := kernelView(pid)
	return state != 0 && state != 'Z' && state != 'X'
}
