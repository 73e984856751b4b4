package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/cage"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// container is one of a pod's, through all its restarts.
type container struct {
	pod  *pod
	spec core.Container

	mu       sync.Mutex
	state    core.ContainerState // what it is in; nothing before anything is known
	last     core.ContainerState // how it ended the last time
	restarts int32
	started  bool                // its startup probe has succeeded
	ready    bool                // as its readiness probe says
	cage     *cage.Cage          // nil when nothing runs
	guests   map[*cage.Cage]bool // what is run beside it
	// Of what runs, for what is run beside it.
	dir     string
	env     []string
	mounted mounts
}

// newContainer begins where the API server knows that the container was: one that ran
// when the machine died is restarted.
func newContainer(p *pod, spec core.Container, known []core.ContainerStatus) *container {
	c := &container{pod: p, spec: spec, guests: map[*cage.Cage]bool{}}
	for _, status := range known {
		if status.Name != spec.Name {
			continue
		}
		c.restarts, c.last, c.state = status.RestartCount, status.LastTerminationState, status.State
		if status.State.Running != nil {
			c.last = core.ContainerState{Terminated: &core.ContainerStateTerminated{
				ExitCode: 255, Reason: "Unknown", StartedAt: status.State.Running.StartedAt, FinishedAt: meta.Now(),
			}}
			c.restarts++
		}
	}
	if p.object.Status.Phase != core.PodSucceeded && p.object.Status.Phase != core.PodFailed {
		c.state = core.ContainerState{}
	}
	return c
}

// home is a folder of the container's own, for what writes where it happens to be.
func (c *container) home() string { return c.pod.path("h", c.spec.Name) }

// runToEnd runs an init container until it succeeds, and reports whether it has.
func (c *container) runToEnd(ctx context.Context) bool {
	policy := c.pod.object.Spec.RestartPolicy
	if policy == core.RestartPolicyAlways {
		policy = core.RestartPolicyOnFailure
	}
	return c.repeat(ctx, policy) && c.exitCode() == 0
}

// isSidecar reports whether this is an init container that runs beside the others.
func (c *container) isSidecar() bool {
	return c.isInit() && c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == core.ContainerRestartPolicyAlways
}

// awaitStarted waits until the container has started, and reports whether it has.
func (c *container) awaitStarted(ctx context.Context) bool {
	return wait.Until(ctx, 10*time.Millisecond, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.started
	}) == nil
}

// keepRunning runs a container until it has ended for good.
func (c *container) keepRunning(ctx context.Context) { c.repeat(ctx, c.pod.object.Spec.RestartPolicy) }

// repeat runs the container again and again, as the policy has it. False says that ctx has ended.
func (c *container) repeat(ctx context.Context, policy core.RestartPolicy) bool {
	pause := backOff{first: c.pod.run.node.opt.BackOff, most: c.pod.run.node.opt.MaxBackOff}
	for ctx.Err() == nil {
		image, ok := c.pull(ctx)
		if !ok {
			return false
		}
		began := time.Now()
		if err := c.once(ctx, image); err != nil {
			c.wait("CreateContainerConfigError", err.Error())
			if sleep(ctx, time.Second) != nil {
				return false
			}
			continue
		}
		if ctx.Err() != nil {
			return false
		}
		if policy == core.RestartPolicyNever || policy == core.RestartPolicyOnFailure && c.exitCode() == 0 {
			return true
		}
		if next := pause.after(time.Since(began)); next > 0 {
			message := fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
				next, c.spec.Name, c.pod.object.Name, c.pod.object.Namespace, c.pod.object.UID)
			c.pod.event(core.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s", c.spec.Name, c.pod.name())
			c.wait("CrashLoopBackOff", message)
			if sleep(ctx, next) != nil {
				return false
			}
		}
		c.mu.Lock()
		c.restarts++
		c.mu.Unlock()
	}
	return false
}

// pull finds the container's image, for as long as it takes.
func (c *container) pull(ctx context.Context) (pulled, bool) {
	pause := backOff{first: c.pod.run.node.opt.BackOff, most: c.pod.run.node.opt.MaxBackOff, done: true}
	for {
		if c.pod.run.pass(ctx) != nil {
			return pulled{}, false
		}
		image, ok := c.pod.run.node.opt.Images.pull(c.spec.Image)
		if ok {
			return image, true
		}
		message := fmt.Sprintf("failed to pull and unpack image %q: not found", c.spec.Image)
		c.wait("ErrImagePull", message)
		c.pod.event(core.EventTypeWarning, "Failed", "Failed to pull image %q: %s", c.spec.Image, message)
		if sleep(ctx, errPullShown) != nil {
			return pulled{}, false
		}
		c.wait("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.spec.Image, message))
		if sleep(ctx, pause.after(0)) != nil {
			return pulled{}, false
		}
	}
}

// errPullShown is how long ErrImagePull is to be seen before ImagePullBackOff is.
const errPullShown = 200 * time.Millisecond

// wait says that nothing runs and why.
func (c *container) wait(reason, message string) {
	c.mu.Lock()
	if c.state.Terminated != nil {
		c.last = c.state
	}
	c.state = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: reason, Message: message}}
	c.ready, c.started = false, false
	c.mu.Unlock()
	c.pod.touch()
}

// exitCode is that of the last run.
func (c *container) exitCode() int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Terminated != nil {
		return c.state.Terminated.ExitCode
	}
	return 0
}

// kill ends what runs at once.
func (c *container) kill() {
	for _, running := range c.cages() {
		running.Kill()
	}
}

// cages is what runs, and what runs beside it.
func (c *container) cages() []*cage.Cage {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Collect(maps.Keys(c.guests))
	if c.cage != nil {
		all = append(all, c.cage)
	}
	return all
}

func (c *container) running() *cage.Cage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cage
}

// port gives the number of a port of the container's that may be named.
func (p *pod) port(name string, number int32) (int32, bool) {
	if name == "" {
		return number, true
	}
	for _, c := range p.main {
		at := slices.IndexFunc(c.spec.Ports, func(port core.ContainerPort) bool { return port.Name == name })
		if at >= 0 {
			return c.spec.Ports[at].ContainerPort, true
		}
	}
	return 0, false
}

// backOff is the growing pause between restarts. The first restart is at once, and
// a long run lets it begin anew.
type backOff struct {
	first, most time.Duration
	pause       time.Duration
	done        bool // the first restart has been
}

// after gives the pause before the next run, after one that took so long.
func (b *backOff) after(ran time.Duration) time.Duration {
	if ran > 10*time.Minute || ran > 2*b.most && b.most > 0 {
		b.pause, b.done = 0, false
	}
	if !b.done {
		b.done = true
		return 0
	}
	b.pause = min(max(2*b.pause, b.first), b.most)
	return b.pause
}
