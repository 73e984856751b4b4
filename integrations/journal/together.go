package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// sharedCommits lets writes that come while another one waits for the disk
// share the next commit. Each is as durable when it returns as one that was
// alone, and as separate: what one of them did is taken back when it fails, and
// the others stand.
//
//	write ──► waiting ──┐ all that wait, each in a savepoint of its own
//	write ──► waiting ──┼──► one transaction ──► one commit ──► all return
//	write ──► waiting ──┘
//
// It is for what arrives from outside, in storms. Operations are written one at
// a time: there is never more than one.
type sharedCommits struct {
	db *sql.DB

	mu      sync.Mutex
	waiting []*sharedWrite
	busy    bool // somebody commits, and will see who waits
}

type sharedWrite struct {
	do   func(ctx context.Context, tx *sql.Tx) error
	err  error
	done chan struct{} // closed when err is set
}

// most bounds how many share one commit, so that the writes beside them are
// not held up.
const most = 128

// write runs do in a transaction that others may share, and returns when it is
// on disk. The context bounds the wait for its turn; a write that has begun is
// not interrupted.
func (s *sharedCommits) write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	w := &sharedWrite{do: do, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	if !s.busy {
		s.busy = true
		go s.commit()
	}
	s.mu.Unlock()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	}
	if s.leave(w) {
		return fmt.Errorf("wait for journal: %w", ctx.Err())
	}
	<-w.done
	return w.err
}

// leave takes a write out of the queue, unless its turn has come.
func (s *sharedCommits) leave(w *sharedWrite) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.waiting, w)
	if at < 0 {
		return false
	}
	s.waiting = slices.Delete(s.waiting, at, at+1)
	return true
}

// commit serves everybody who waits, until nobody does.
func (s *sharedCommits) commit() {
	for {
		s.mu.Lock()
		n := min(len(s.waiting), most)
		batch := slices.Clone(s.waiting[:n])
		s.waiting = slices.Delete(s.waiting, 0, n)
		s.busy = n > 0
		s.mu.Unlock()
		if n == 0 {
			return
		}
		err := transact(context.Background(), s.db, func(ctx context.Context, tx *sql.Tx) error { return each(ctx, tx, batch) })
		for _, w := range batch {
			if err != nil {
				w.err = err // whatever became of it, it is not on disk
			}
			close(w.done)
		}
	}
}

// each runs every write in a savepoint. It fails only when the transaction as
// a whole is in doubt.
func each(ctx context.Context, tx *sql.Tx, batch []*sharedWrite) error {
	for _, w := range batch {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return fmt.Errorf("begin write to journal: %w", err)
		}
		if w.err = w.do(ctx, tx); w.err != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
				return errors.Join(w.err, fmt.Errorf("take back write to journal: %w", err))
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE one"); err != nil {
			return fmt.Errorf("end write to journal: %w", err)
		}
	}
	return nil
}
