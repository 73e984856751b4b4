// Package binary finds the program of lab/cluster, which is all of Kubernetes but its nodes in
// one file, or that of lab/cluster/node, which is a node's, or builds them. Each is built once per machine: it is kept in the user's
// cache folder under a key that is made of its sources and the version of Go.
package binary

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Name is what the program is called, in PATH too.
const Name = "rapbot-cluster"

// NodeName is what the nodes' program is called, in PATH too.
const NodeName = "rapbot-node"

// program is one of those that are built: its name, and its package in the module of lab/cluster.
type program struct{ name, pkg string }

var (
	controlPlane = program{Name, "."}
	node         = program{NodeName, "./node"}
)

// ErrMissing is returned by Find when the program has to be built first.
var ErrMissing = errors.New("Kubernetes for the lab is not built on this machine; nothing was started. " +
	"Build it with: make cluster (eight minutes on two cores, once per machine)")

// Find returns the path of the program: the one in PATH if there is one, else
// the one that was built of the sources as they are. ErrMissing says that there
// is none.
func Find(ctx context.Context) (string, error) { return controlPlane.find(ctx) }

func (p program) find(ctx context.Context) (string, error) {
	if path, err := exec.LookPath(p.name); err == nil {
		return path, nil
	}
	path, _, err := p.place(ctx)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// FindOrBuild returns the path of the program and builds it if need be. It tells
// progress how far that has come. Several callers at once build once, in several
// processes too.
func FindOrBuild(ctx context.Context, progress io.Writer) (string, error) {
	return controlPlane.findOrBuild(ctx, progress)
}

// FindOrBuildNode does the same with the nodes' program. After the other one, it is built in a minute.
func FindOrBuildNode(ctx context.Context, progress io.Writer) (string, error) {
	return node.findOrBuild(ctx, progress)
}

func (p program) findOrBuild(ctx context.Context, progress io.Writer) (string, error) {
	if path, err := p.find(ctx); !errors.Is(err, ErrMissing) {
		return path, err
	}
	path, sources, err := p.place(ctx)
	if err != nil {
		return "", err
	}
	return path, p.buildOnce(ctx, sources, path, progress)
}

func (p program) buildOnce(ctx context.Context, sources, path string, progress io.Writer) error {
	unlock, err := lock(ctx, path+".lock", progress)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return nil // whoever held the lock has built it
	}
	return p.build(ctx, sources, path, progress)
}

// place says where the built program is, or would be, and where its sources are.
func (p program) place(ctx context.Context) (path, sources string, err error) {
	sources, err = findSources(ctx)
	if err != nil {
		return "", "", err
	}
	key, err := p.keyOf(ctx, sources)
	if err != nil {
		return "", "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", fmt.Errorf("find the cache folder for %s: %w", p.name, err)
	}
	dir := filepath.Join(cache, "rapbot-lab", strings.TrimPrefix(p.name, "rapbot-")+"-"+key)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", err
	}
	return filepath.Join(dir, p.name), sources, nil
}

// findSources needs the checkout's folder or one below it as the working folder.
func findSources(ctx context.Context) (string, error) {
	out, err := goCommand(ctx, "", "list", "-m", "-f", "{{.Dir}}", "github.com/rap-analyzer/rapbot").Output()
	if err != nil {
		return "", fmt.Errorf("find the checkout: run this inside it with go in PATH, or put %s in PATH: %w", Name, err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "lab", "cluster"), nil
}

func (p program) keyOf(ctx context.Context, sources string) (string, error) {
	version, err := goCommand(ctx, sources, "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.GOOS, runtime.GOARCH, strings.TrimSpace(string(version)), p.arguments(""))
	files, err := filepath.Glob(filepath.Join(sources, p.pkg, "*.go"))
	if err != nil {
		return "", err
	}
	for _, file := range append(files, filepath.Join(sources, "go.mod"), filepath.Join(sources, "go.sum")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, filepath.Base(file), len(text))
		sum.Write(text)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6]), nil
}

func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	return cmd
}

// lock waits for its turn. The kernel gives the lock back when its holder dies.
func lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		return func() { _ = file.Close() }, nil
	}
	fmt.Fprintln(progress, "another process builds Kubernetes just now; waiting for it")
	got := make(chan error, 1)
	go func() {
		for {
			if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
				got <- err
				return
			}
		}
	}()
	select {
	case err := <-got:
		return func() { _ = file.Close() }, err
	case <-ctx.Done():
		go func() { <-got; _ = file.Close() }()
		return nil, ctx.Err()
	}
}
