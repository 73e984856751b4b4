package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// module is one whose programs are built in a copy of it, so that its own go.mod
// decides of what, as when its makers build it.
type module struct {
	path     string
	commands []string // packages, from the module's folder
	tags     string
	missing  string // a file that its makers generate and do not publish; empty for none

	version, dir string // see locate
}

// modules are Alertmanager without its page, and Prometheus without its page and
// without all the ways to find what to watch that are not in its configuration.
var modules = []*module{
	{path: "github.com/prometheus/alertmanager", commands: []string{"./cmd/alertmanager"}, tags: "netgo", missing: "ui/app/dist/index.html"},
	{path: "github.com/prometheus/prometheus", commands: []string{"./cmd/prometheus", "./cmd/promtool"}, tags: "netgo,remove_all_sd"},
}

func (m *module) name() string { return path.Base(m.path) }

// locate finds out which version is wanted, and fetches it.
func (m *module) locate(ctx context.Context, versions string) error {
	said, err := output(goCommand(ctx, versions, "mod", "download", "-json", m.path))
	var where struct{ Version, Dir, Error string }
	if e := json.Unmarshal([]byte(said), &where); e == nil && where.Error != "" {
		err = errors.New(where.Error)
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", m.name(), err)
	}
	m.version, m.dir = where.Version, where.Dir
	return nil
}

// build puts the programs into folder, which is there whole or not at all. The
// caller holds its lock.
func (m *module) build(ctx context.Context, folder string, progress io.Writer) error {
	began := time.Now()
	tell := func(format string, args ...any) {
		fmt.Fprintf(progress, "[%4.0f s] %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	sources, fresh := folder+".src", folder+".new"
	defer os.RemoveAll(sources)
	defer os.RemoveAll(fresh)
	for _, left := range []string{sources, fresh} { // by one that was killed
		if err := os.RemoveAll(left); err != nil {
			return err
		}
	}
	if err := m.copyTo(sources); err != nil {
		return fmt.Errorf("copy %s: %w", m.name(), err)
	}
	tell("building %s %s: some minutes the first time", m.name(), m.version)
	packages, err := output(goCommand(ctx, sources, append([]string{"list", "-deps", "-tags", m.tags}, m.commands...)...))
	if err != nil {
		return fmt.Errorf("list what %s is made of: %w", m.name(), err)
	}
	cmd := goCommand(ctx, sources, append([]string{
		"build", "-v", "-trimpath", "-buildvcs=false", "-tags", m.tags, "-ldflags", "-s -w -X github.com/prometheus/common/version.Version=" + m.number(), "-o", fresh + "/",
	}, m.commands...)...)
	total := strings.Count(packages, "\n") + 1
	cmd.Stderr = &counter{every: 100, tell: func(n int) { tell("compiled %d packages, at most %d", n, total) }}
	if err := child.Run(ctx, cmd); err != nil {
		return fmt.Errorf("build %s: %w", m.name(), err)
	}
	if err := os.Rename(fresh, folder); err != nil {
		return err
	}
	tell("built %s", folder)
	return nil
}

// copyTo copies the module and adds what is missing in it.
func (m *module) copyTo(dir string) error {
	if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil || m.missing == "" {
		return err
	}
	file := filepath.Join(dir, filepath.FromSlash(m.missing))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte("<!doctype html><title>The page is not built here</title>\n"), 0o644)
}

// number is what the programs call themselves: Prometheus 3.1 is v0.301 as a module.
func (m *module) number() string {
	said, err := os.ReadFile(filepath.Join(m.dir, "VERSION"))
	if err != nil {
		return strings.TrimPrefix(m.version, "v")
	}
	return strings.TrimSpace(string(said))
}

// counter counts the packages that go names as it compiles them.
type counter struct {
	every, seen int
	tell        func(int)
}

func (c *counter) Write(p []byte) (int, error) {
	for range bytes.Count(p, []byte("\n")) {
		if c.seen++; c.seen%c.every == 0 {
			c.tell(c.seen)
		}
	}
	return len(p), nil
}

// output is what a command prints, or what it says of its failure.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, child.LastLines(string(exit.Stderr), 4))
	}
	return strings.TrimSpace(string(out)), err
}
