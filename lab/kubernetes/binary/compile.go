package binary

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// build compiles the program to path, which is there whole or not at all.
func (p Program) build(ctx context.Context, sources, path string, progress io.Writer) error {
	began := time.Now()
	tell := func(format string, args ...any) {
		fmt.Fprintf(progress, "[%4.0fs] %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	tell("building %s for the lab: %s the first time", p.what, p.takes)
	packages, err := p.Go(ctx, sources, "list", "-deps", p.pkg).Output()
	if err != nil {
		return fmt.Errorf("list what %s is made of: %w", p.what, withWords(err))
	}
	total := strings.Count(string(packages), "\n")
	fresh := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s.%d", p.Name, os.Getpid()))
	defer os.Remove(fresh)
	cmd := p.Go(ctx, sources, p.arguments(fresh)...)
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	words := follow(said, func(n int) { tell("compiled %d packages, at most %d", n, total) })
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("build %s: %w: %s", p.what, err, words)
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	tell("built %s", path)
	return nil
}

// follow counts the packages that go names as it compiles them, and returns its
// other words, bounded.
func follow(said io.Reader, every func(int)) string {
	var words []string
	compiled := 0
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "go: ") || strings.HasPrefix(line, "#") || strings.ContainsAny(line, " \t"):
			if len(words) < 20 && !strings.HasPrefix(line, "go: downloading") {
				words = append(words, line)
			}
		default:
			if compiled++; compiled%100 == 0 {
				every(compiled)
			}
		}
	}
	return strings.Join(words, " | ")
}

// withWords adds what a command said about its end.
func withWords(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, child.LastLines(string(exit.Stderr), 4))
	}
	return err
}
