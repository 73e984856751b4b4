package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// letGo is how long a lock that is held is waited for. A process that is killed
// while it starts another leaves it to that one, which has it until it executes
// its own program: some milliseconds, and more on a machine that is busy.
const letGo = 2 * time.Second

// Acquire implements rapbot.Operations. The lock of the operating system comes
// first and the term second: whoever has both is alone.
func (j *Journal) Acquire(ctx context.Context, holder string) (rapbot.Term, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lease != nil {
		return j.newTerm(ctx, holder)
	}
	waiting, cancel := context.WithTimeout(ctx, letGo)
	defer cancel()
	lease, err := waitLock(waiting, j.path+".lock")
	if errors.Is(err, errHeld) {
		return 0, j.heldByAnother(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("acquire lease: %w", err)
	}
	term, err := j.newTerm(ctx, holder)
	if err != nil {
		return 0, errors.Join(err, lease.release())
	}
	j.lease = lease
	return term, nil
}

func (j *Journal) newTerm(ctx context.Context, holder string) (rapbot.Term, error) {
	host, err := os.Hostname()
	if err != nil {
		return 0, fmt.Errorf("acquire lease: %w", err)
	}
	var term rapbot.Term
	err = j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, "INSERT INTO terms (holder, host, pid, since) VALUES (?, ?, ?, ?) RETURNING term",
			holder, host, os.Getpid(), time.Now().UnixNano())
		if err := row.Scan(&term); err != nil {
			return fmt.Errorf("write term: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("acquire lease: %w", err)
	}
	return term, nil
}

// heldByAnother says who holds the lease, as far as they have said so: between
// their lock and their term it is their predecessor who is named.
func (j *Journal) heldByAnother(ctx context.Context) error {
	var holder, host string
	var pid, since int64
	err := j.reader.QueryRowContext(ctx, "SELECT holder, host, pid, since FROM terms ORDER BY term DESC LIMIT 1").Scan(&holder, &host, &pid, &since)
	what := "Another process holds the lease of the journal."
	if err == nil {
		what = fmt.Sprintf("Another rapbot holds the lease of the journal: %s, process %d on %s, since %s.",
			holder, pid, host, time.Unix(0, since).UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return rapbot.Refuse(rapbot.Conflict, what, "Stop that process, or wait until it ends: the lease is free at that moment.")
}

// checkTerm refuses a stale holder, within the transaction that writes.
func checkTerm(ctx context.Context, tx *sql.Tx, term rapbot.Term) error {
	var newest rapbot.Term
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(term), 0) FROM terms").Scan(&newest); err != nil {
		return fmt.Errorf("read term: %w", err)
	}
	return ledger.CheckTerm(term, newest)
}
