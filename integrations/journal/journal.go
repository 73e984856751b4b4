package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var (
	_ rapbot.Operations = (*Journal)(nil)
	_ rapbot.Samples    = (*Journal)(nil)
	_ alert.Inbox       = (*Journal)(nil)
	_ alert.Firings     = (*Journal)(nil)
)

// readers is how many read at once; a view of the history waits for nobody.
const readers = 4

// Options of every connection. The immediate lock makes a transaction wait for
// its turn before it reads what it will write upon; synchronous=FULL makes a
// commit wait for the disk.
const (
	writerOptions = "_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_txlock=immediate&_defensive=1&_dqs=0"
	readerOptions = "_busy_timeout=5000&_query_only=on&_defensive=1&_dqs=0"
)

// Journal is an open journal.
type Journal struct {
	path    string
	writer  *sql.DB
	sampler *sql.DB
	reader  *sql.DB
	inbox   *sharedCommits // of the writer

	mu    sync.Mutex // guards lease
	lease *fileLock  // nil while this Journal does not hold it

	pruned time.Time // when no sample was too old, by their own times; of the sampler's transaction
}

// Open opens the journal at path and brings it to the newest schema. It makes
// one, readable by its owner only, when there is none. A file that is no
// journal, or one of a newer rapbot, is refused and left as it is.
func Open(ctx context.Context, path string) (*Journal, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := prepare(ctx, path); err != nil {
		if rapbot.ErrorCode(err) != rapbot.Internal {
			return nil, err
		}
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	j := &Journal{path: path}
	if j.writer, err = connect(path, writerOptions, 1); err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, err)
	}
	j.inbox = &sharedCommits{db: j.writer}
	if j.sampler, err = connect(path, samplerOptions, 1); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), j.writer.Close())
	}
	if j.reader, err = connect(path, readerOptions, readers); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), j.sampler.Close(), j.writer.Close())
	}
	if err := errors.Join(j.writer.PingContext(ctx), j.sampler.PingContext(ctx), j.reader.PingContext(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), j.Close())
	}
	return j, nil
}

// Close waits for the calls under way and gives the lease back, last.
func (j *Journal) Close() error {
	err := errors.Join(j.reader.Close(), j.sampler.Close(), j.writer.Close())
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lease != nil {
		err = errors.Join(err, j.lease.release())
		j.lease = nil
	}
	if err != nil {
		return fmt.Errorf("close journal %s: %w", j.path, err)
	}
	return nil
}

// write runs do in one transaction of the writer, whose commit waits for the
// disk.
func (j *Journal) write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	return transact(ctx, j.writer, do)
}

// transact runs do in one transaction, and commits it when do returns nil. The
// context bounds the wait for the turn only: a write that has begun is not
// interrupted, so that a cancelled caller is never told of an error when the
// record is there.
func transact(ctx context.Context, db *sql.DB, do func(ctx context.Context, tx *sql.Tx) error) error {
	turn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("wait for journal: %w", err)
	}
	defer turn.Close()
	ctx = context.WithoutCancel(ctx)
	tx, err := turn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin write to journal: %w", err)
	}
	defer tx.Rollback() // does nothing once committed
	if err := do(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit to journal: %w", err)
	}
	return nil
}

// connect opens a pool of connections that stay open.
func connect(path, options string, most int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", address(path, options))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// address escapes the path, in which SQLite would take ? and % for its own.
func address(path, options string) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
}
