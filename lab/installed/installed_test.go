package installed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put makes a program in a folder.
func put(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	debian, first, second := t.TempDir(), t.TempDir(), t.TempDir()
	t.Setenv("PATH", debian)
	t.Setenv(Folders, "")
	finds := func(program, want string) {
		t.Helper()
		if got, err := Find(program); err != nil || got != want {
			t.Errorf("%s is found at %q, want %q: %v", program, got, want, err)
		}
	}
	ours := put(t, debian, "prometheus-alertmanager")
	exporter := put(t, debian, "prometheus-postgres-exporter")
	finds("alertmanager", ours)

	t.Setenv(Folders, first+string(os.PathListSeparator)+second)
	finds("alertmanager", ours) // neither folder has one
	newest, tool := put(t, second, "alertmanager"), put(t, first, "promtool")
	finds("alertmanager", newest)
	finds("promtool", tool)
	finds("postgres_exporter", exporter)

	if _, err := Find("prometheus"); err == nil || !strings.Contains(err.Error(), "apt-get install prometheus") {
		t.Errorf("without a prometheus: %v", err)
	}
	t.Setenv(Folders, filepath.Join(first, "mistyped"))
	if path, err := Find("alertmanager"); err == nil {
		t.Errorf("a folder that is not there: %s", path)
	}
}
