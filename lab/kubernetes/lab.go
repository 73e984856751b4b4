package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/kubernetes/binary"
	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
	"github.com/rap-analyzer/rapbot/lab/line"
)

// Options say what to start; all are optional.
type Options struct {
	Dir       string                           // folder for data, logs and kubeconfigs, made anew; a temporary one when empty, removed when the process ends
	Names     []string                         // the regions; us-east-1, us-west-2 and eu-west-1 when empty
	FakeNodes int                              // nodes in each region whose pods only seem to run
	Images    node.Images                      // each region has a node that runs these as processes, if there are any
	Program   string                           // the built program of lab/cluster; found, or built, when empty
	Progress  io.Writer                        // told how far the building is; os.Stderr when nil
	Log       func(format string, args ...any) // what happens to the regions
}

// Lab is the regions' Kubernetes. It lives as long as this process at the most.
type Lab struct {
	Kubeconfig string // the file that leads to all regions

	opt     Options
	dir     string
	program string
	guard   *child.Guard // removes the temporary folder when the process dies; nil when the folder was asked for
	regions []*Region
	lines   map[way]*line.Line
	closing sync.Once
	closed  error
}

var quiet sync.Once

// Start starts the regions and returns when they are ready for pods: their API
// servers answer, and their nodes are ready. When it fails nothing is left.
func Start(ctx context.Context, opt Options) (*Lab, error) {
	if len(opt.Names) == 0 {
		opt.Names = []string{"us-east-1", "us-west-2", "eu-west-1"}
	}
	if opt.Log == nil {
		opt.Log = func(string, ...any) {}
	}
	if opt.Progress == nil {
		opt.Progress = os.Stderr
	}
	quiet.Do(func() { klog.SetLogger(logr.Discard()) }) // every broken connection would be told on the terminal
	l := &Lab{opt: opt, program: opt.Program}
	if l.program == "" {
		var err error
		if l.program, err = binary.Kubernetes.FindOrBuild(ctx, opt.Progress); err != nil {
			return nil, err
		}
	}
	if err := l.settle(); err != nil {
		return nil, err
	}
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// settle makes the lab's folder.
func (l *Lab) settle() (err error) {
	if l.opt.Dir != "" {
		if l.dir, err = filepath.Abs(l.opt.Dir); err != nil {
			return err
		}
		return os.MkdirAll(l.dir, 0o755)
	}
	if l.dir, err = os.MkdirTemp("", "rapbot-kubernetes-"); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o711); err != nil { // what runs in pods may run as another user
		return err
	}
	// The children die at the same moment as this process and may still write.
	sweep := exec.Command("sh", "-c", `read -r _ && exit; for n in 1 2 3 4 5 6 7 8 9; do rm -rf "$0" 2>/dev/null && exit; sleep 1; done`, l.dir)
	sweep.Dir, sweep.SysProcAttr = "/", child.Bound()
	l.guard, err = child.StartGuard(sweep)
	return err
}

func (l *Lab) start(ctx context.Context) error {
	l.layLines()
	for _, name := range l.opt.Names {
		r, err := newRegion(l, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		l.regions = append(l.regions, r)
	}
	l.Kubeconfig = filepath.Join(l.dir, "kubeconfig")
	if err := writeKubeconfig(l.Kubeconfig, l.regions...); err != nil {
		return err
	}
	if err := os.Symlink(l.program, l.Kubectl()); err != nil && !os.IsExist(err) {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	for _, r := range l.regions {
		all.Go(func() error { return r.Start(ctx) })
	}
	return all.Wait()
}

// Dir is the lab's folder.
func (l *Lab) Dir() string { return l.dir }

// Kubectl is the path of a kubectl. It wants --kubeconfig, or KUBECONFIG.
func (l *Lab) Kubectl() string { return filepath.Join(l.dir, "kubectl") }

// Regions lists the regions as they were asked for.
func (l *Lab) Regions() []*Region { return slices.Clone(l.regions) }

// Region returns one region; nil when it is not one of the lab's.
func (l *Lab) Region(name string) *Region {
	for _, r := range l.regions {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Close ends all regions and removes the folder if it is a temporary one. Only
// the first call does.
func (l *Lab) Close() error {
	l.closing.Do(func() {
		var all errgroup.Group
		for _, r := range l.regions {
			all.Go(r.finish)
		}
		l.closed = all.Wait()
		for _, one := range l.lines {
			one.Close()
		}
		if l.guard != nil {
			l.closed = errors.Join(l.closed, os.RemoveAll(l.dir))
			l.guard.Dismiss()
		}
	})
	return l.closed
}
