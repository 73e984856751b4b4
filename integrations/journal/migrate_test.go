package journal

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/rap-analyzer/rapbot"
)

// A journal that an older rapbot left, of whatever version, is brought to the
// newest schema with all that it holds.
func TestOlderJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := create(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect(path, writerOptions, 1)
	if err != nil {
		t.Fatal(err)
	}
	older, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := older.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO seen_keys (key, at) VALUES ('k', 0)"); err != nil {
		t.Fatal(err)
	}
	firing := `{"latest":{"status":"firing"},"times":3}`
	if _, err := db.ExecContext(t.Context(), "INSERT INTO alert_groups (id, state, changed_at, card_channel, card_id, told) VALUES ('g', ?, 0, 'C', '1', 'firing')", firing); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	j, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if first, err := j.FirstTime(t.Context(), "k", time.Unix(0, 0)); err != nil || first {
		t.Errorf("what the older journal held is not there: %t, %v", first, err)
	}
	if groups, err := j.Unexplained(t.Context()); err != nil || len(groups) > 0 {
		t.Errorf("what fired before is explained now: %v, %v", groups, err)
	}
	if err := j.Keep(t.Context(), rapbot.Sample{At: time.Unix(1, 0), Region: "us-east-1"}); err != nil {
		t.Error(err)
	}
}
