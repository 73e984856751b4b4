package binary

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// sourcesOf makes a module of one file.
func sourcesOf(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module small\n\ngo 1.26.0\n", "go.sum": "", "main.go": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const small = "package main\n\nfunc main() { println(\"built\") }\n"

// said is a writer for several builders.
type said struct {
	sync.Mutex
	bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.Buffer.Write(p)
}

func TestSeveralBuildersBuildOnce(t *testing.T) {
	sources, path := sourcesOf(t, small), filepath.Join(t.TempDir(), Kubernetes.Name)
	var progress said
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := Kubernetes.buildOnce(t.Context(), sources, path, &progress); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(progress.String(), "building Kubernetes"); n != 1 {
		t.Errorf("built %d times:\n%s", n, progress.String())
	}
	if out, err := exec.Command(path).CombinedOutput(); err != nil || string(out) != "built\n" {
		t.Errorf("%s: %v", out, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("besides the program and its lock: %v, %v", left, err)
	}
}

func TestBuildThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), Kubernetes.Name)
	err := Kubernetes.buildOnce(t.Context(), sourcesOf(t, "package main\n\nfunc main() { nonsense() }\n"), path, &said{})
	if err == nil || !strings.Contains(err.Error(), "undefined: nonsense") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("there is a program: %v", err)
	}
}

func TestWaitingForTheLockCanBeGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Kubernetes.lock(t.Context(), path, &said{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var progress said
	if _, err := Kubernetes.lock(ctx, path, &progress); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(progress.String(), "another process") {
		t.Errorf("said %q", progress.String())
	}
	unlock()
	if unlock, err = Kubernetes.lock(t.Context(), path, &said{}); err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestKeyFollowsTheSources(t *testing.T) {
	sources := sourcesOf(t, small)
	key := func() string {
		t.Helper()
		key, err := Kubernetes.keyOf(t.Context(), sources)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	before := key()
	if again := key(); again != before {
		t.Errorf("%s, then %s", before, again)
	}
	for _, name := range []string{"go.mod", "go.sum", "main.go", "more.go"} {
		f, err := os.OpenFile(filepath.Join(sources, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("// more\n"); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		if after := key(); after == before {
			t.Errorf("the key stays %s though %s is another", after, name)
		} else {
			before = after
		}
	}
}

func TestProgramInPathGoesFirst(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, Kubernetes.Name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if found, err := Kubernetes.Find(t.Context()); err != nil || found != path {
		t.Errorf("%s, %v", found, err)
	}
}

func TestMissingProgramSaysHowToBuildIt(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, err := exec.LookPath(Kubernetes.Name); err == nil {
		t.Skip("there is one in PATH")
	}
	if _, err := Kubernetes.Find(t.Context()); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "make cluster") {
		t.Errorf("got %v", err)
	}
}

func TestVersionsAreThoseInGoMod(t *testing.T) {
	for file, required := range map[string]string{"cluster": "k8s.io/kubernetes v" + kubernetesVersion, "argocd": "github.com/argoproj/argo-cd/v3 v" + argoVersion} {
		mod, err := os.ReadFile("../../" + file + "/go.mod")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(mod), required+"\n") {
			t.Errorf("lab/%s/go.mod requires another version than %s", file, required)
		}
	}
}
