package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// process is a program that is killed and started again.
type process struct {
	path           string
	args, env      []string
	log            string
	ready, metrics string // addresses

	mu    sync.Mutex
	child *child.Child
	peak  int64 // bytes of memory at the most, of all its lives
}

// start starts it, unless it runs, and returns when it is ready.
func (p *process) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child != nil && p.child.Alive() {
		return nil
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	if p.child, err = child.Start(cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	err = wait.Until(ctx, 10*time.Millisecond, func() bool {
		resp, err := http.Get(p.ready)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK || !p.child.Alive()
	})
	if err != nil || !p.child.Alive() {
		words, _ := os.ReadFile(p.log)
		return fmt.Errorf("%s does not get ready: %s", p.path, child.LastLines(string(words), 3))
	}
	return nil
}

// kill ends it as kill -9 does.
func (p *process) kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil || !p.child.Alive() {
		return nil
	}
	p.look()
	return p.child.End(context.Background(), syscall.SIGKILL)
}

// memory is the most that it has taken, as far as has been seen.
func (p *process) memory() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.look()
	return p.peak
}

// look reads the kernel's high-water mark of this life; mu is held.
func (p *process) look() {
	if p.child == nil || !p.child.Alive() {
		return
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.child.PID()))
	if err != nil {
		return // it has just died
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "VmHWM:"); is {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			p.peak = max(p.peak, kb<<10)
		}
	}
}

// metric reads one figure, without labels or with just these.
func metric(ctx context.Context, url, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, is := strings.CutPrefix(lines.Text(), name+" "); is {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("%s: no metric %s", url, name)
}
