package cage

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// signalAll sends a signal to everything below this process and says how many that were. Parents come before their children.
func signalAll(how syscall.Signal) int {
	all := descendants(os.Getpid())
	for _, pid := range all {
		_ = syscall.Kill(pid, how) // an error says that it has ended
	}
	return len(all)
}

// Descendants lists the processes in the cage, the program first.
func (c *Cage) Descendants() []int { return DescendantsOf(c) }

// descendants lists the processes below one, parents before their children, without those that have ended and wait to be collected.
func descendants(root int) []int { return below(root, families()) }

// families lists the children of every process of this machine.
func families() map[int][]int {
	children := map[int][]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if state, parent := look(pid); state != 0 && state != 'Z' && state != 'X' {
			children[parent] = append(children[parent], pid)
		}
	}
	return children
}

func below(root int, children map[int][]int) []int {
	all := []int{root}
	for next := 0; next < len(all); next++ {
		all = append(all, children[all[next]]...)
	}
	return all[1:]
}

// look gives a process's state letter and its parent; 0 and 0 when there is no such process.
func look(pid int) (state byte, parent int) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0
	}
	// The second field is the program's name in brackets, and may hold spaces and brackets itself.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 2 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0][0], parent
}

// DescendantsOf lists the processes in several cages by one look at all processes.
func DescendantsOf(cages ...*Cage) []int {
	children := families()
	var all []int
	for _, c := range cages {
		all = append(all, below(c.PID(), children)...)
	}
	return all
}
