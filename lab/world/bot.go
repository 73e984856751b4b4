package world

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/api"
	"github.com/rap-analyzer/rapbot/lab/child"
)

// process is the real rapbot binary as the lab runs it. It can be killed and
// started again; it is never started by itself, so that a test decides.
type process struct {
	binary, config, logFile, health string
	env                             []string

	mu    sync.Mutex
	child *child.Child
}

// startTime is how long the bot may take until it answers.
const startTime = 30 * time.Second

// start starts the bot, unless it runs, and returns when it is ready. Extra
// environment is for this start only.
func (p *process) start(ctx context.Context, extra ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child != nil && p.child.Alive() {
		return nil
	}
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.binary, "run", "--config", p.config)
	cmd.Env = append(append(os.Environ(), p.env...), extra...)
	cmd.Stdout, cmd.Stderr = log, log
	if p.child, err = child.Start(cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return p.awaitReady(ctx)
}

func (p *process) awaitReady(ctx context.Context) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.health+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.child.Done():
			return fmt.Errorf("rapbot ended at once (%s): %s", p.child.State(), p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("rapbot is not ready: %w: %s", ctx.Err(), p.lastWords())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *process) lastWords() string {
	b, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return child.LastLines(string(b), 5)
}

// kill ends the bot as kill -9 does.
func (p *process) kill() error {
	return p.end(syscall.SIGKILL)
}

// stop ends the bot as a service manager does.
func (p *process) stop() error { return p.end(syscall.SIGTERM) }

func (p *process) end(how syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil || !p.child.Alive() {
		return api.Refuse(http.StatusConflict, "the bot is not running")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := p.child.End(ctx, how); err != nil {
		return p.child.End(context.Background(), syscall.SIGKILL)
	}
	return nil
}

// done is closed when the bot that runs now has ended.
func (p *process) done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil {
		return nil
	}
	return p.child.Done()
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil || !p.child.Alive() {
		return 0
	}
	return p.child.PID()
}
