package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// small is a module with one program, which needs a file that is not in it. Like
// those of the module cache, it cannot be written to.
func small(t *testing.T, program string) *module {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module small.example/small\n\ngo 1.26.0\n", "VERSION": "1.2.3\n", "cmd/said/main.go": program} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	return &module{path: "small.example/small", commands: []string{"./cmd/said"}, missing: "cmd/said/page/index.html", version: "v1.2.3", dir: dir}
}

const says = `package main

import "embed"

//go:embed page
var page embed.FS

func main() {
	entries, _ := page.ReadDir("page")
	print(entries[0].Name())
}
`

// words are what several builders say.
type words struct {
	sync.Mutex
	bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	return w.Buffer.Write(p)
}

func TestSeveralBuildersBuildOnce(t *testing.T) {
	m, folder := small(t, says), filepath.Join(t.TempDir(), "cache", "small-v1.2.3")
	var progress words
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := m.buildOnce(t.Context(), folder, &progress); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(progress.String(), "building small v1.2.3"); n != 1 {
		t.Errorf("built %d times:\n%s", n, progress.String())
	}
	if out, err := exec.Command(filepath.Join(folder, "said")).CombinedOutput(); err != nil || string(out) != "index.html" {
		t.Errorf("it says %q, %v", out, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(folder), "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("besides the folder and its lock: %v, %v", left, err)
	}
}

func TestBuildThatFails(t *testing.T) {
	m, cache := small(t, "package main\n\nfunc main() { nonsense() }\n"), t.TempDir()
	folder := filepath.Join(cache, "small-v1.2.3")
	for _, leftover := range []string{".src", ".new"} { // of a builder that was killed
		if err := os.MkdirAll(filepath.Join(folder+leftover, "cmd"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.buildOnce(t.Context(), folder, io.Discard); err == nil || !strings.Contains(err.Error(), "undefined: nonsense") {
		t.Errorf("the error is %v", err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("besides the lock: %v, %v", left, err)
	}
}

func TestWaitingCanBeGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	unlock, err := lock(t.Context(), path, func() { t.Error("it waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	if _, err := lock(ctx, path, giveUp); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	unlock()
	if unlock, err = lock(t.Context(), path, func() {}); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// TestVersionsAgree holds the Alertmanager whose templates are compared with
// rapbot's to the one that is run.
func TestVersionsAgree(t *testing.T) {
	pinned := regexp.MustCompile(`(?m)^\s+github.com/prometheus/alertmanager (v\S+)$`)
	var versions []string
	for _, file := range []string{"versions/go.mod", "../upstream/go.mod"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := pinned.FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s has no Alertmanager", file)
		}
		versions = append(versions, string(found[1]))
	}
	if versions[0] != versions[1] {
		t.Errorf("two Alertmanagers: %v", versions)
	}
}
