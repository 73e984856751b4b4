package workspace_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// TestBolt runs an app on Slack's own SDK against the workspace: what the SDK's authors understand of the protocol holds here.
func TestBolt(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, so Slack's own SDK cannot be run", tool)
		}
	}
	w := start(t, workspace.Options{RetryDelays: []time.Duration{time.Second}})
	runBolt(t, w, installBolt(t))
	w.within("a socket", func() bool { return w.Connections() == 1 })

	slash := func(w *world, words string) {
		w.t.Helper()
		w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap " + words})
	}
	t.Run("slash command with a payload in its acknowledgement", func(t *testing.T) {
		w := w.in(t)
		slash(w, "ack")
		if m := w.sees("alice", "rap-ops", "said in the acknowledgement"); !m.Ephemeral {
			t.Errorf("%+v", m)
		}
	})
	t.Run("response_url", func(t *testing.T) {
		w := w.in(t)
		slash(w, "respond")
		w.sees("bob", "rap-ops", "said through respond")
	})
	t.Run("button", func(t *testing.T) {
		w := w.in(t)
		slash(w, "card")
		m := w.sees("bob", "rap-ops", "Press it")
		w.does("/person/bob/click", object{"channel": "rap-ops", "ts": m.TS, "button": "Press Me"})
		if after := w.sees("alice", "rap-ops", "<@U07BOB00002> pressed v1"); after.TS != m.TS {
			t.Errorf("%+v", after)
		}
	})
	t.Run("modal", func(t *testing.T) {
		w := w.in(t)
		slash(w, "modal")
		w.within("a modal", func() bool { return len(w.modals("alice")) == 1 })
		view := w.modals("alice")[0].ID
		status, out := w.do("POST", "/person/alice/submit", object{"view_id": view, "values": object{"why": "no"}})
		if status < 400 || out["errors"].(object)["why"] != "Say more." {
			t.Errorf("%d %v", status, out)
		}
		w.does("/person/alice/submit", object{"view_id": view, "values": object{"why": "a drill"}})
		w.sees("bob", "rap-ops", "because a drill")
		if n := len(w.modals("alice")); n != 0 {
			t.Errorf("%d modals left", n)
		}
	})
	t.Run("file", func(t *testing.T) {
		w := w.in(t)
		slash(w, "file")
		m := w.sees("bob", "rap-ops", "see the file")
		if len(m.Files) != 1 || m.Files[0].Name != "report.csv" || m.Files[0].Title != "Report" || m.Files[0].Mimetype != "text/csv" || m.Files[0].AltText != "two columns" {
			t.Errorf("%+v", m.Files)
		}
		if body, _ := w.get(m.Files[0].URLPrivate); body != "a,b\n1,2\n" {
			t.Errorf("%q", body)
		}
	})
	t.Run("home", func(t *testing.T) {
		w := w.in(t)
		w.does("/person/alice/home", nil)
		w.within("a Home tab", func() bool {
			_, out := w.do("GET", "/person/alice/views", nil)
			return strings.Contains(fmt.Sprint(out["home"]), "Home of Bolt")
		})
	})
	t.Run("event with retry fields", func(t *testing.T) {
		w := w.in(t)
		w.does("/faults", object{"late_ack": 3}) // the first attempt fails at once
		w.does("/person/alice/say", object{"channel": "rap-ops", "text": "@rap hello"})
		w.sees("alice", "rap-ops", "mentioned, retry 0")
		w.do("DELETE", "/faults", nil)
		w.sees("alice", "rap-ops", "mentioned, retry 1 timeout")
	})
	t.Run("disconnect and reconnect", func(t *testing.T) {
		w := w.in(t)
		w.does("/faults", object{"disconnect": "refresh_requested"})
		w.within("the socket to go", func() bool { return w.Connections() == 0 })
		// The Node client waits out its ping timeout before it dials again.
		for end := time.Now().Add(20 * time.Second); w.Connections() == 0 && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		slash(w, "again")
		w.sees("alice", "rap-ops", "unknown: again")
	})
}

// installBolt puts the SDK into the user's cache, once for each lock file, and returns the node_modules folder.
func installBolt(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("bolt/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "rapbot", fmt.Sprintf("bolt-%.12x", sha256.Sum256(lock)))
	modules := filepath.Join(home, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(home), "installing-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	for _, name := range []string{"package.json", "package-lock.json"} {
		copyFile(t, filepath.Join("bolt", name), filepath.Join(fresh, name))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = fresh
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	// Only a whole installation gets the name others look for; another test may have been first.
	if err := os.Rename(fresh, home); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(modules); there != nil {
			t.Fatal(err)
		}
	}
	return modules
}

// runBolt runs the app until the test ends. Should the test itself be killed, the app's standard input ends and so does it.
func runBolt(t *testing.T, w *world, modules string) {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, "bolt/app.mjs", filepath.Join(dir, "app.mjs"))
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	app := exec.Command("node", "app.mjs")
	app.Dir = dir
	app.Env = append(os.Environ(), "SLACK_API_URL="+w.server.URL+"/api/", "SLACK_BOT_TOKEN="+w.BotToken(), "SLACK_APP_TOKEN="+w.AppToken())
	said := &lockedBuffer{}
	app.Stdout, app.Stderr = said, said
	stdin, err := app.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = app.Process.Kill()
		_ = app.Wait()
		if t.Failed() {
			t.Logf("the app said:\n%s", said)
		}
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// lockedBuffer takes what a process writes while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}
