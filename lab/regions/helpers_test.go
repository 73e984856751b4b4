package regions

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

// newFleet starts a fleet that ends with the test, and makes sure that nothing is left of it then.
func newFleet(t *testing.T, names ...string) *Fleet {
	t.Helper()
	f, err := Start(within(t, time.Minute), Options{Dir: privateFolder(t), Names: names, Log: t.Logf})
	must(t, err)
	t.Cleanup(func() {
		began := time.Now()
		must(t, f.Close())
		t.Logf("closed in %s", time.Since(began).Round(time.Millisecond))
		if left := childrenOf(os.Getpid()); len(left) > 0 {
			t.Errorf("still our children: %v", left)
		}
		if left := processesIn(f.dir); len(left) > 0 {
			t.Errorf("still run: %v", left)
		}
		if _, err := os.Stat(f.dir); f.temporary && !os.IsNotExist(err) {
			t.Errorf("%s is still there", f.dir)
		}
	})
	return f
}

// privateFolder is one that only the tester can enter, so that a fleet of root's has to live elsewhere.
func privateFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	return dir
}

// openFolder is one that everybody can enter.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rapbot-regions-test-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// processesIn lists the processes that work in a folder; a server's have its data folder as the current one.
func processesIn(dir string) []string {
	cwds, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is constant and well formed
	var found []string
	for _, cwd := range cwds {
		if at, err := os.Readlink(cwd); err == nil && strings.HasPrefix(at, dir) {
			found = append(found, filepath.Dir(cwd)+" in "+at)
		}
	}
	return found
}

// within bounds a step of a test, so that a server that hangs fails the test that shows it.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until a thing that takes its own time is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	if err := wait.Until(within(t, 20*time.Second), 5*glance, so); err != nil {
		t.Fatalf("never happened: %s", what)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func login(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t, 5*time.Second), dsn)
	must(t, err)
	t.Cleanup(func() { closeNow(conn) })
	return conn
}

func do(t *testing.T, conn *pgx.Conn, words string) {
	t.Helper()
	if _, err := conn.Exec(within(t, 10*time.Second), words); err != nil {
		t.Fatalf("%s: %v", words, err)
	}
}

func ask[T any](t *testing.T, conn *pgx.Conn, words string) (answer T) {
	t.Helper()
	if err := conn.QueryRow(within(t, 10*time.Second), words).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return answer
}
