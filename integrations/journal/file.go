package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/rap-analyzer/rapbot"
)

// applicationID is what SQLite keeps in the header of a file to say whose it
// is: "rapb" in ASCII.
const applicationID = 0x72617062

// resolve returns the one absolute name of a file that may have several, so
// that all of them lead to the same locks.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", err
		}
		return filepath.Join(dir, filepath.Base(path)), nil
	}
	return real, err
}

// prepare makes the file at path a journal of the newest schema. The file is
// never opened other than by SQLite: closing another descriptor of it would
// drop the locks of the connections that this process has to it.
func prepare(ctx context.Context, path string) error {
	setup, err := waitLock(ctx, path+".setup")
	if err != nil {
		return err
	}
	defer setup.discard()

	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = create(ctx, path)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		err = notAJournal(path)
	case info.Size() == 0:
		err = create(ctx, path)
	default:
		err = identify(ctx, path)
	}
	if err != nil {
		return err
	}
	if err := migrate(ctx, path); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}

// create makes an empty journal that only its owner may read. It gets its name
// when it is stamped, so that a crash in between leaves no file that would be
// taken for somebody else's.
func create(ctx context.Context, path string) error {
	unnamed := path + ".new"
	for _, left := range []string{unnamed, unnamed + "-journal"} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(unnamed, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := stamp(ctx, unnamed); err != nil {
		return err
	}
	return os.Rename(unnamed, path)
}

// stamp writes whose file it is, before the file goes over to WAL: the stamp
// must stand in the file itself, where identify looks for it.
func stamp(ctx context.Context, path string) error {
	db, err := connect(path, "_busy_timeout=5000&_synchronous=FULL", 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "PRAGMA application_id = "+strconv.Itoa(applicationID)); err != nil {
		return fmt.Errorf("stamp file: %w", err)
	}
	return nil
}

// identify refuses a file that is not a journal. Immutable means that SQLite
// takes no locks and makes no files beside it. A process that was killed while
// it carried the log over into the file has left a file that makes sense with
// its log only, and is read with it.
func identify(ctx context.Context, path string) error {
	id, err := owner(ctx, path, "mode=ro&immutable=1")
	if _, gone := os.Stat(path + "-wal"); isCode(err, sqlite3.SQLITE_CORRUPT) && gone == nil {
		id, err = owner(ctx, path, "mode=ro&_busy_timeout=5000")
	}
	switch {
	case isCode(err, sqlite3.SQLITE_NOTADB):
		return notAJournal(path)
	case err != nil:
		return fmt.Errorf("read whose file it is: %w", err)
	case id != applicationID:
		return notAJournal(path)
	}
	return nil
}

// owner reads what the header of a file says about whose it is.
func owner(ctx context.Context, path, options string) (id int64, err error) {
	db, err := connect(path, options, 1)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id)
	return id, err
}

// isCode reports whether err is SQLite's with this code.
func isCode(err error, code int) bool {
	var coded *sqlite.Error
	return errors.As(err, &coded) && coded.Code()&0xff == code
}

// schemaOf reads the version of a journal's schema, 0 when it has none yet.
// Without a log beside it the file is complete, and is read as it lies there.
func schemaOf(ctx context.Context, path string) (int64, error) {
	options := "mode=ro&_busy_timeout=5000"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		options += "&immutable=1"
	}
	db, err := connect(path, options, 1)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = ?", versionTable).Scan(&tables); err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	var version sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+versionTable).Scan(&version); err != nil {
		return 0, fmt.Errorf("read version of schema: %w", err)
	}
	return version.Int64, nil
}

func notAJournal(path string) error {
	return &rapbot.Error{
		Code:    rapbot.Invalid,
		What:    path + " is not a journal of rapbot's.",
		Changed: "It was left as it is.",
		Now:     "Give the journal another path, or move that file away.",
	}
}

func newerJournal(path string, has, known int64) error {
	return &rapbot.Error{
		Code:    rapbot.Invalid,
		What:    fmt.Sprintf("The journal %s is of a newer rapbot: its schema has version %d, and this one knows version %d.", path, has, known),
		Changed: "It was left as it is.",
		Now:     "Run that newer rapbot, or restore the copy made before the upgrade.",
	}
}
