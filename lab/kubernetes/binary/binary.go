// Package binary finds the programs that are modules of their own, or builds
// them: lab/cluster, which is all of Kubernetes but its nodes in one file, lab/cluster/node,
// which is a node's, and lab/argocd. Each is
// built once per machine: it is kept in the user's cache folder under a key that is
// made of its sources and the version of Go.
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

// ErrMissing is returned by Find when the program has to be built first.
var ErrMissing = errors.New("it is not built on this machine")

func (p Program) missing() error {
	return fmt.Errorf("%s for the lab: %w; nothing was started. Build it with: make %s (%s, once per machine)", p.what, ErrMissing, p.target, p.takes)
}

// Find returns the path of the program: the one in PATH if there is one, else
// the one that was built of the sources as they are. ErrMissing says that there
// is none.
func (p Program) Find(ctx context.Context) (string, error) {
	if path, err := exec.LookPath(p.Name); err == nil {
		return path, nil
	}
	path, _, err := p.place(ctx)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", p.missing()
	}
	return path, nil
}

// FindOrBuild returns the path of the program and builds it if need be. It tells
// progress how far that has come. Several callers at once build once, in several
// processes too.
func (p Program) FindOrBuild(ctx context.Context, progress io.Writer) (string, error) {
	if path, err := p.Find(ctx); !errors.Is(err, ErrMissing) {
		return path, err
	}
	path, sources, err := p.place(ctx)
	if err != nil {
		return "", err
	}
	return path, p.buildOnce(ctx, sources, path, progress)
}

func (p Program) buildOnce(ctx context.Context, sources, path string, progress io.Writer) error {
	unlock, err := p.lock(ctx, path+".lock", progress)
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
func (p Program) place(ctx context.Context) (path, sources string, err error) {
	sources, err = p.Sources(ctx)
	if err != nil {
		return "", "", err
	}
	key, err := p.keyOf(ctx, sources)
	if err != nil {
		return "", "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", fmt.Errorf("find the cache folder for %s: %w", p.Name, err)
	}
	dir := filepath.Join(cache, "rapbot-lab", strings.TrimPrefix(p.Name, "rapbot-")+"-"+key)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", err
	}
	return filepath.Join(dir, p.Name), sources, nil
}

// Sources is the folder of the program's module. It needs the checkout's folder or
// one below it as the working folder.
func (p Program) Sources(ctx context.Context) (string, error) {
	out, err := p.Go(ctx, "", "list", "-m", "-f", "{{.Dir}}", "github.com/rap-analyzer/rapbot").Output()
	if err != nil {
		return "", fmt.Errorf("find the checkout: run this inside it with go in PATH, or put %s in PATH: %w", p.Name, err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "lab", p.folder), nil
}

func (p Program) keyOf(ctx context.Context, sources string) (string, error) {
	version, err := p.Go(ctx, sources, "env", "GOVERSION").Output()
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

// Go is a go command as the program is built by.
func (p Program) Go(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	if p.toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+p.toolchain)
	}
	return cmd
}

// lock waits for its turn. The kernel gives the lock back when its holder dies.
func (p Program) lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		return func() { _ = file.Close() }, nil
	}
	fmt.Fprintf(progress, "another process builds %s just now; waiting for it\n", p.what)
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
