package monitor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/installed"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// program is one that runs.
type program struct {
	name  string
	child *child.Child
	log   string
	ready string // answers 200 when it is
}

// start starts a program. What is secret is in its environment or its configuration, never among its arguments.
func (m *Monitor) start(name, kind, ready string, env []string, args ...string) error {
	path, err := installed.Find(kind)
	if err != nil {
		return err
	}
	log, err := os.Create(m.path(name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(path, args...)
	cmd.Dir = m.opt.Dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.opt.Dir, "TZ=UTC"}, env...)
	cmd.Stdout, cmd.Stderr = log, log
	running, err := child.Start(cmd)
	if err != nil {
		return err
	}
	m.programs[name] = &program{name: name, child: running, log: log.Name(), ready: ready}
	return nil
}

// readyTime is how long a program may take until it answers, on a loaded machine.
const readyTime = time.Minute

func (p *program) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	ready := false
	err := wait.Until(ctx, 50*time.Millisecond, func() bool {
		_, err := get(ctx, p.ready)
		ready = err == nil
		return ready || !p.child.Alive()
	})
	if !ready {
		return fmt.Errorf("%s does not get ready (%v): %s", p.name, err, p.lastWords(5))
	}
	return nil
}

func (p *program) end() {
	_ = p.child.End(context.Background(), syscall.SIGKILL) // none of them has anything to lose
}

func (p *program) lastWords(lines int) string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return child.LastLines(string(b), lines)
}

// get is what is answered with 200.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", url, resp.Status)
	}
	said, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return string(said), err
}
