package patroni

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
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// processesIn lists the processes that work in a folder or below it: PostgreSQL's all have their data folder as the current one.
func processesIn(dir string) []int {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is constant and well formed
	var found []int
	for _, link := range links {
		at, err := os.Readlink(link)
		if err != nil || at != dir && !strings.HasPrefix(at, dir+"/") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// killIn ends all processes that work in a folder. They are all stopped first: one that ran on would see the others die and act upon it.
func killIn(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var left []int
	err := wait.Until(ctx, time.Millisecond, func() bool {
		left = processesIn(dir)
		for _, how := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
			for _, pid := range left {
				_ = syscall.Kill(pid, how) // an error says that it has ended already
			}
		}
		return len(left) == 0
	})
	if err != nil {
		return fmt.Errorf("processes %v are still there: %w", left, err)
	}
	return nil
}

// guardScript ends, when this process was killed, the servers, which the kernel does not count among our children. The guard works in /, so that
// it does not find itself. SIGQUIT lets a postmaster free its shared memory.
const guardScript = `read -r _ && exit
for p in /proc/[0-9]*; do
	case "$(readlink "$p/cwd")" in "$0"/*) kill -QUIT "${p#/proc/}" ;; esac
done`

func startGuard(account regions.Account, dir string) (*child.Guard, error) {
	return child.StartGuard(account.Command("/", "sh", "-c", guardScript, dir))
}
