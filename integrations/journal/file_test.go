package journal_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal"
)

// Only its owner may read the journal, the files beside it included.
func TestModeOfTheFiles(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	j := open(t, path)
	acquire(t, j)
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", info.Name(), info.Mode().Perm())
		}
	}
	if _, err := os.Stat(path + ".setup"); err == nil {
		t.Error("the lock of the setup was left behind")
	}
}

// Permissions that somebody loosened are tightened.
func TestModeIsTightened(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 600", info.Mode().Perm())
	}
}

// The name of the file may hold anything that a file system allows.
func TestNameOfTheFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b?mode=memory&c=d", "100%41#ü.db", "file:x"} {
		path := filepath.Join(t.TempDir(), name)
		j := open(t, path)
		propose(t, j, acquire(t, j))
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q is not where it should be: %v", name, err)
		}
		if got := len(mustOpen(t, open(t, path))); got != 1 {
			t.Errorf("%q holds %d operations after it was opened again, want 1", name, got)
		}
	}
}

// Two names of one file lead to one lease.
func TestSymlink(t *testing.T) {
	t.Parallel()
	path := empty(t)
	j := open(t, path)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	acquire(t, j)
	if _, err := open(t, link).Acquire(t.Context(), "a test"); rapbot.ErrorCode(err) != rapbot.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
}

// A file that is no journal is refused by name, and no byte of it changes.
func TestNotAJournal(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	for name, make := range map[string]func() error{
		"text":              func() error { return os.WriteFile(path, []byte("# notes\n"), 0o644) },
		"a byte":            func() error { return os.WriteFile(path, []byte{0}, 0o644) },
		"zeros":             func() error { return os.WriteFile(path, zeros(8192), 0o644) },
		"another database":  func() error { return execute(path, "CREATE TABLE t (x)") },
		"another's WAL":     func() error { return execute(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)") },
		"a directory":       func() error { return os.Mkdir(path, 0o755) },
		"stamped elsewhere": func() error { return execute(path, "PRAGMA application_id = 7; CREATE TABLE t (x)") },
	} {
		if err := make(); err != nil {
			t.Fatal(err)
		}
		before := fingerprint(t, path)
		_, err := journal.Open(t.Context(), path)
		wantRefusal(t, name, err, path, "not a journal")
		if after := fingerprint(t, path); after != before {
			t.Errorf("%s was changed:\n%s\n%s", name, before, after)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// A journal of a newer rapbot is refused, and no byte of it changes.
func TestNewerJournal(t *testing.T) {
	t.Parallel()
	path := empty(t)
	j := open(t, path)
	propose(t, j, acquire(t, j))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := execute(path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	before := fingerprint(t, path)
	_, err := journal.Open(t.Context(), path)
	wantRefusal(t, "a newer journal", err, path, "newer rapbot", "version 99")
	if after := fingerprint(t, path); after != before {
		t.Errorf("it was changed:\n%s\n%s", before, after)
	}
}

// The same when the newer rapbot was killed and its log is still to be read.
func TestNewerJournalAfterACrash(t *testing.T) {
	t.Parallel()
	path := empty(t)
	acquire(t, open(t, path))
	if err := execute(path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	path = crashed(t, path)
	before := content(t, path) + content(t, path+"-wal")
	_, err := journal.Open(t.Context(), path)
	wantRefusal(t, "a newer journal", err, path, "newer rapbot", "version 99")
	if content(t, path)+content(t, path+"-wal") != before {
		t.Error("it was changed")
	}
}

// What a crash left of a journal in the making is not in the way.
func TestHalfMade(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	for _, left := range []string{".new", ".new-journal", ".setup", ".lock"} {
		if err := os.WriteFile(path+left, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j := open(t, path)
	propose(t, j, acquire(t, j))
	for _, left := range []string{".new", ".new-journal", ".setup"} {
		if _, err := os.Stat(path + left); err == nil {
			t.Errorf("%s was left behind", left)
		}
	}
}

func TestNowhere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nowhere", "journal.db")
	if _, err := journal.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v, want an error that names the directory", err)
	}
}

// The file itself keeps records from being changed, whoever tries.
func TestRecordsStay(t *testing.T) {
	t.Parallel()
	path := empty(t)
	j := open(t, path)
	term := acquire(t, j)
	propose(t, j, term)
	for statement, want := range map[string]string{
		"UPDATE records SET kind = 'approved'":                              "never changed",
		"DELETE FROM records":                                               "never deleted",
		"INSERT INTO operations (state, open, created_at) VALUES ('', 1,0)": "UNIQUE",
	} {
		if err := execute(path, statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", statement, err, want)
		}
	}
}

func wantRefusal(t *testing.T, name string, err error, words ...string) {
	t.Helper()
	if rapbot.ErrorCode(err) != rapbot.Invalid {
		t.Errorf("%s: got %v, want a refusal", name, err)
		return
	}
	for _, word := range append(words, "It was left as it is.") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: the refusal does not say %q: %s", name, word, err)
		}
	}
}

// fingerprint is the content, mode and age of everything around a file.
func fingerprint(t *testing.T, path string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum := ""
		if !e.IsDir() {
			sum = content(t, filepath.Join(filepath.Dir(path), e.Name()))
		}
		out = append(out, fmt.Sprintf("%s %s %s %s", info.Name(), info.Mode(), info.ModTime(), sum))
	}
	return strings.Join(out, "\n")
}

// content is the checksum of a file.
func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func execute(path, statement string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

func ask(t *testing.T, path, query string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var answer string
	if err := db.QueryRow(query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func zeros(n int) []byte { return make([]byte, n) }
