package node

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/cage"
	"github.com/rap-analyzer/rapbot/lab/child"
)

// once runs the container until it ends. An error says that it could not be begun, for want of what it refers to.
func (c *container) once(ctx context.Context, image pulled) error {
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if c.restarts > 0 { // what it mounts may be another by now
		if err := c.pod.mountVolumes(call); err != nil {
			return err
		}
	}
	command, err := c.prepare(call, image)
	if err != nil {
		return err
	}
	log, err := c.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	began := meta.Now()
	running, err := c.begin(command, log)
	if err != nil {
		fmt.Fprintln(log.stream("stderr"), err)
		c.end(began, exitCannotStart, "StartError", err.Error())
		return nil
	}
	if c.pod.run.ctx.Err() != nil { // the machine died meanwhile, and did not know of it
		running.Kill()
	}
	c.pod.event(core.EventTypeNormal, "Started", "Started container %s", c.spec.Name)
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.PostStart != nil {
		if err := c.hook(ctx, c.spec.Lifecycle.PostStart); err != nil && ctx.Err() == nil {
			c.pod.event(core.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed: %v", err)
			running.Kill()
		}
	}
	c.watchOver(ctx, running, image)
	code, _ := running.Wait(context.Background()) // it has ended
	log.finish()
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	if c.pod.run.ctx.Err() != nil {
		return nil
	}
	message := ""
	if code != 0 && c.spec.TerminationMessagePolicy == core.TerminationMessageFallbackToLogsOnError {
		message = log.lastLines(4)
	}
	c.end(began, int32(code), reason, message)
	return nil
}

// exitCannotStart is what a kubelet gives for a program that cannot be run.
const exitCannotStart = 128

// prepare makes the command with everything replaced in it.
func (c *container) prepare(ctx context.Context, image pulled) (*exec.Cmd, error) {
	m, err := c.mounts()
	if err != nil {
		return nil, err
	}
	variables, err := c.environment(ctx, image, m)
	if err != nil {
		return nil, err
	}
	var env []string
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	var words []string
	for _, word := range image.command(c.spec.Command, c.spec.Args) {
		words = append(words, m.replace(expand(word, variables)))
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("no command specified")
	}
	dir := c.home()
	if c.spec.WorkingDir != "" {
		if dir = m.replace(c.spec.WorkingDir); dir == c.spec.WorkingDir {
			if _, err := os.Stat(dir); err != nil {
				dir = c.home() // a folder of the image's
			}
		}
	}
	c.mu.Lock()
	c.dir, c.env, c.mounted = dir, env, m
	c.mu.Unlock()
	return c.pod.run.node.command(dir, env, words), nil
}

// command is a program with its words, as the account that containers run as.
func (n *Node) command(dir string, env, words []string) *exec.Cmd {
	program := words[0]
	if !strings.Contains(program, "/") {
		program = locate(program, env)
	}
	return &exec.Cmd{Path: program, Args: words, Dir: dir, Env: env, SysProcAttr: &syscall.SysProcAttr{Credential: n.account.Credential()}}
}

// locate looks a program up in the PATH of its own environment. What is not there keeps its name, and cannot be started.
func locate(program string, env []string) string {
	for _, entry := range env {
		folders, ok := strings.CutPrefix(entry, "PATH=")
		if !ok {
			continue
		}
		for _, folder := range filepath.SplitList(folders) {
			at := filepath.Join(folder, program)
			if info, err := os.Stat(at); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
				return at
			}
		}
	}
	return program
}

// begin starts the program; from then on the container runs.
func (c *container) begin(command *exec.Cmd, log *logFile) (*cage.Cage, error) {
	if _, err := os.Stat(command.Path); err != nil {
		return nil, fmt.Errorf("exec: %q: executable file not found in $PATH", command.Args[0])
	}
	command.Stdout, command.Stderr = log.stream("stdout"), log.stream("stderr")
	c.mu.Lock()
	defer c.mu.Unlock()
	running, err := cage.Start(command)
	if err != nil {
		return nil, err
	}
	if c.state.Terminated != nil {
		c.last = c.state
	}
	c.state = core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.Now()}}
	c.cage = running
	c.started, c.ready = false, false
	return running, nil
}

func (c *container) end(began meta.Time, code int32, reason, message string) {
	c.mu.Lock()
	if c.state.Terminated != nil {
		c.last = c.state
	}
	c.cage = nil
	c.started, c.ready = false, false
	c.state = core.ContainerState{Terminated: &core.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: message, StartedAt: began, FinishedAt: meta.Now(),
	}}
	c.mu.Unlock()
	c.pod.touch()
}

// watchOver runs the probes until the program has ended, and ends it when the pod is to end or a probe says so.
func (c *container) watchOver(ctx context.Context, running *cage.Cage, image pulled) {
	c.pod.touch()
	probing, stop := context.WithCancel(ctx)
	defer stop()
	sick := make(chan string, 1)
	go c.probe(probing, image, sick)
	select {
	case <-running.Done():
	case <-ctx.Done():
		c.endInOrder(running, c.pod.graceLeft())
	case why := <-sick:
		c.pod.event(core.EventTypeNormal, "Killing", "Container %s failed %s, will be restarted", c.spec.Name, why)
		stop()
		c.endInOrder(running, c.pod.graceLeft())
	}
}

// endInOrder runs the hook, asks the program to end, and kills it when its time is up.
func (c *container) endInOrder(running *cage.Cage, grace time.Duration) {
	if c.pod.run.ctx.Err() != nil || grace <= 0 {
		running.Kill()
		return
	}
	ctx, cancel := context.WithTimeout(c.pod.run.ctx, grace)
	defer cancel()
	c.pod.event(core.EventTypeNormal, "Killing", "Stopping container %s", c.spec.Name)
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.PreStop != nil {
		if err := c.hook(ctx, c.spec.Lifecycle.PreStop); err != nil {
			c.pod.event(core.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed: %v", err)
		}
	}
	running.Signal(c.stopSignal())
	select {
	case <-running.Done():
	case <-ctx.Done():
		running.Kill()
	}
}

func (c *container) stopSignal() syscall.Signal {
	if c.spec.Lifecycle != nil && c.spec.Lifecycle.StopSignal != nil {
		switch *c.spec.Lifecycle.StopSignal {
		case core.SIGINT:
			return syscall.SIGINT
		case core.SIGQUIT:
			return syscall.SIGQUIT
		case core.SIGKILL:
			return syscall.SIGKILL
		}
	}
	return syscall.SIGTERM
}

// beside runs a command as if in the container, to its end: a probe or a hook.
func (c *container) beside(ctx context.Context, words []string) error {
	c.mu.Lock()
	dir, env, m, runs := c.dir, c.env, c.mounted, c.cage != nil
	c.mu.Unlock()
	if !runs {
		return fmt.Errorf("container %s does not run", c.spec.Name)
	}
	cmd := c.pod.run.node.command(dir, env, m.replaceAll(words))
	bound := child.Bound()
	bound.Credential = cmd.SysProcAttr.Credential
	cmd.SysProcAttr = bound
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &said, &said, 100*time.Millisecond
	running, err := child.Start(cmd)
	if err != nil {
		return err
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		_ = syscall.Kill(-running.PID(), syscall.SIGKILL) // its whole group; an error says that it has ended
		<-running.Done()
		return fmt.Errorf("command %q: %w", strings.Join(words, " "), ctx.Err())
	}
	if running.ExitCode() != 0 {
		return fmt.Errorf("command %q: %s: %s", strings.Join(words, " "), running.State(), child.LastLines(said.String(), 2))
	}
	return nil
}
