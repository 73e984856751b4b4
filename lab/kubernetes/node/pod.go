package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

// pod is one that is bound to this node, from when it is seen until its object is gone.
type pod struct {
	run     *run
	object  *core.Pod // as it was seen first: its specification does not change
	dir     string
	address netip.Addr

	init, main []*container

	life    context.Context // ends when the pod is to end
	end     context.CancelFunc
	done    chan struct{} // closed when nothing of it is left here
	changed chan struct{} // has one element when the status may have changed

	tokens struct {
		sync.Mutex
		held map[string]*authentication.TokenRequest
	}

	mu       sync.Mutex
	latest   *core.Pod         // as it was seen last
	volumes  map[string]string // folders by the volumes' names
	begun    time.Time         // when the node has taken it up
	waiting  string            // why no container runs yet: it is told of all of them
	ready    bool              // all initialised
	outcome  core.PodPhase     // Succeeded or Failed when that was so before this node was started
	deadline time.Time         // when it is killed that is being ended; zero when it is not
	gone     bool              // its object is gone, so nobody is to be told
	told     core.PodStatus    // what the API server knows
}

func (r *run) newPod(object *core.Pod) (*pod, error) {
	p := &pod{
		run: r, object: object, latest: object, dir: filepath.Join(r.node.opt.Dir, "pods", string(object.UID)[:8]),
		done: make(chan struct{}), changed: make(chan struct{}, 1), volumes: map[string]string{}, begun: time.Now(),
	}
	p.told = object.Status
	p.tokens.held = map[string]*authentication.TokenRequest{}
	p.life, p.end = context.WithCancel(r.ctx)
	if object.Status.StartTime != nil {
		p.begun = object.Status.StartTime.Time
	}
	for _, spec := range object.Spec.InitContainers {
		p.init = append(p.init, newContainer(p, spec, object.Status.InitContainerStatuses))
	}
	for _, spec := range object.Spec.Containers {
		p.main = append(p.main, newContainer(p, spec, object.Status.ContainerStatuses))
	}
	if phase := object.Status.Phase; phase == core.PodSucceeded || phase == core.PodFailed {
		p.outcome = phase
		return p, nil
	}
	var err error
	if p.address, err = r.node.block.take(object.Status.PodIP); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pod) path(names ...string) string {
	return filepath.Join(append([]string{p.dir}, names...)...)
}

func (p *pod) name() string { return p.object.Namespace + "/" + p.object.Name }

// current is the object as it was seen last.
func (p *pod) current() *core.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest
}

// see takes note of the object as it is now.
func (p *pod) see(object *core.Pod) {
	p.mu.Lock()
	p.latest = object
	ends := object.DeletionTimestamp
	if ends != nil && p.deadline.IsZero() {
		p.deadline = time.Now().Add(time.Duration(value(object.DeletionGracePeriodSeconds, 0)) * time.Second)
	}
	p.mu.Unlock()
	if ends != nil {
		p.end()
	}
}

// forget ends the pod at once, without telling anybody: its object is gone.
func (p *pod) forget() {
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.end()
	for _, c := range p.all() {
		c.kill()
	}
}

func (p *pod) all() []*container { return slices.Concat(p.init, p.main) }

// touch says that the status may have changed.
func (p *pod) touch() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
	p.run.services.settleSoon()
}

// live is the pod's life from here on.
func (p *pod) live() {
	defer close(p.done)
	defer p.end()
	if p.outcome == "" {
		reporting, stop := context.WithCancel(p.run.ctx)
		var reporter sync.WaitGroup
		reporter.Go(func() { p.report(reporting) })
		p.work()
		p.touch()
		<-p.life.Done()
		stop()
		reporter.Wait()
	}
	<-p.life.Done()
	if p.run.ctx.Err() != nil {
		return // the machine has died
	}
	p.finish()
	if p.address.IsValid() {
		p.run.node.block.give(p.address)
	}
	if err := os.RemoveAll(p.dir); err != nil {
		p.run.node.opt.Log("%s: %v", p.name(), err)
	}
}

// work runs the containers and returns when all have ended.
func (p *pod) work() {
	p.setWaiting("ContainerCreating")
	if err := p.prepare(); err != nil {
		return
	}
	p.setWaiting("PodInitializing")
	aside, endAside := context.WithCancel(p.life)
	var sidecars sync.WaitGroup
	defer sidecars.Wait()
	defer endAside()
	for _, c := range p.init {
		if c.isSidecar() {
			sidecars.Go(func() { c.repeat(aside, core.RestartPolicyAlways) })
			if !c.awaitStarted(p.life) {
				return
			}
		} else if !c.runToEnd(p.life) {
			return
		}
	}
	p.mu.Lock()
	p.ready, p.waiting = true, "ContainerCreating"
	p.mu.Unlock()
	p.touch()
	if len(p.object.Spec.Volumes) > 0 {
		go p.refresh()
	}
	var all sync.WaitGroup
	for _, c := range p.main {
		all.Go(func() { c.keepRunning(p.life) })
	}
	all.Wait()
}

func (p *pod) setWaiting(why string) {
	p.mu.Lock()
	p.waiting = why
	p.mu.Unlock()
	p.touch()
}

// prepare makes the pod's folder and its volumes, again and again until that works or the pod is to end.
func (p *pod) prepare() error {
	told := ""
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := p.tryPrepare()
		if err == nil {
			return nil
		}
		if told != err.Error() && p.life.Err() == nil {
			told = err.Error()
			p.event(core.EventTypeWarning, "FailedMount", "MountVolume.SetUp failed for %s", told)
		}
		if sleep(p.life, pause) != nil {
			return err
		}
	}
}

func (p *pod) tryPrepare() error {
	ctx, cancel := context.WithTimeout(p.life, callTime)
	defer cancel()
	if err := p.run.pass(ctx); err != nil {
		return err
	}
	for _, dir := range []string{p.dir, p.path("v"), p.path("log")} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return err
		}
	}
	for _, c := range p.all() {
		if err := p.run.node.makeFolder(c.home()); err != nil {
			return err
		}
	}
	return p.mountVolumes(ctx)
}

// refreshEvery is how soon a change of a ConfigMap or a Secret shows in files; a kubelet takes a minute.
const refreshEvery = 5 * time.Second

// refresh keeps the files of volumes as the objects are that they come from.
func (p *pod) refresh() {
	for sleep(p.life, refreshEvery) == nil {
		ctx, cancel := context.WithTimeout(p.life, callTime)
		if p.run.pass(ctx) == nil {
			_ = p.mountVolumes(ctx) // what cannot be read just now stays as it is
		}
		cancel()
	}
}

// graceLeft is how long the pod may go on that is being ended, or how long one of its containers may that ends alone.
func (p *pod) graceLeft() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return 0
	}
	if !p.deadline.IsZero() {
		return max(time.Until(p.deadline), 0)
	}
	return time.Duration(value(p.object.Spec.TerminationGracePeriodSeconds, 30)) * time.Second
}

// sleep pauses; the error is that of ctx.
func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// container finds a container by name.
func (p *pod) container(name string) (*container, error) {
	for _, c := range p.all() {
		if c.spec.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("container %q of pod %s: %w", name, p.name(), errNotFound)
}

var errNotFound = errors.New("not found")

// sweep removes from the pod's volumes what would not be there on a machine that has lost its power: the file in which a PostgreSQL says that it runs, whose
// number may by now be another process's. Nothing runs on the node.
func (p *pod) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, folder := range p.volumes {
		for _, pattern := range []string{"postmaster.pid", "*/postmaster.pid", "*/*/postmaster.pid"} {
			found, _ := filepath.Glob(filepath.Join(folder, pattern)) // the pattern is well formed
			for _, file := range found {
				regions.Sweep(filepath.Dir(file))
			}
		}
	}
}
