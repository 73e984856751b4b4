package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// program is one that runs for a region.
type program struct {
	name  string
	child *child.Child
	log   string
}

// launch starts one of the programs. What is secret is in files, never among its arguments.
func (r *Region) launch(name string, args ...string) error {
	log, err := os.OpenFile(r.LogFile(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(r.lab.program, args...)
	cmd.Args = append([]string{name}, args...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "TZ=UTC"}
	if name != "kube-apiserver" {
		cmd.Env = append(cmd.Env, "GOGC=50") // they idle, and memory counts more
	}
	cmd.Stdout, cmd.Stderr = log, log
	running, err := child.Start(cmd)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.programs = append(r.programs, &program{name, running, log.Name()})
	return nil
}

// program is the running one of a name; nil when it does not run. The caller holds mu.
func (r *Region) program(name string) *program {
	for _, p := range r.programs {
		if p.name == name && p.child.Alive() {
			return p
		}
	}
	return nil
}

func (r *Region) running() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.program("kube-apiserver") != nil
}

// await waits until so, unless a program of the region's ends before that.
func (r *Region) await(ctx context.Context, what string, so func(context.Context) bool) error {
	var dead *program
	err := wait.Until(ctx, 20*time.Millisecond, func() bool {
		dead = r.casualty()
		return dead != nil || so(ctx)
	})
	if dead != nil {
		return fmt.Errorf("%s ended (%s): %s", dead.name, dead.child.State(), dead.lastWords())
	}
	if err != nil {
		return fmt.Errorf("%s: %w; the logs are in %s", what, err, r.dir)
	}
	return nil
}

// casualty is a program that ended though nobody asked it to.
func (r *Region) casualty() *program {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.programs {
		if !p.child.Alive() && !p.child.Ending() {
			return p
		}
	}
	return nil
}

func (p *program) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return child.LastLines(string(text), 4)
}

// patience is how long a program may take to end in good order. The API server would wait a minute for
// watches, which do not end by themselves.
const (
	patience       = 10 * time.Second
	serverPatience = time.Second
)

// end ends the programs, the newest first, so that none of them misses another.
func (r *Region) end(how syscall.Signal) error {
	r.mu.Lock()
	programs := r.programs
	r.programs, r.frozen = nil, false
	r.mu.Unlock()
	all := r.gate.open(false)
	if r.volumes != nil {
		r.volumes.end()
		r.volumes = nil
	}
	if how == syscall.SIGKILL { // all at once
		for _, p := range programs {
			p.child.MarkEnding()
			_ = p.child.Signal(how) // an error says that it has ended already
		}
	}
	for i := len(programs) - 1; i >= 0; i-- {
		all = errors.Join(all, programs[i].end(how))
	}
	return all
}

func (p *program) end(how syscall.Signal) error {
	_ = p.child.Signal(syscall.SIGCONT) // a frozen one obeys nobody
	limit := patience
	if p.name == "kube-apiserver" {
		limit = serverPatience
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if p.child.End(ctx, how) == nil {
		return nil
	}
	ctx, again := context.WithTimeout(context.Background(), patience)
	defer again()
	if err := p.child.End(ctx, syscall.SIGKILL); err != nil {
		return fmt.Errorf("%s (process %d) does not end: %w", p.name, p.child.PID(), err)
	}
	return nil
}

// freeze stops the program in its tracks or lets it go on, and returns when that is so.
func (p *program) freeze(wanted bool) error {
	how := syscall.SIGCONT
	if wanted {
		how = syscall.SIGSTOP
	}
	if err := p.child.Signal(how); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return wait.Until(ctx, time.Millisecond, func() bool { return p.stopped() == wanted })
}

// stopped reports whether the kernel holds the program.
func (p *program) stopped() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.child.PID()))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "T")
}
