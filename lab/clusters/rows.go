package clusters

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/ledger"
)

// rows are those that the application has noted as acknowledged, in a file a region.
type rows struct {
	dir string

	mu      sync.Mutex
	read    map[string]int64 // how far, by file
	all     []ledger.Row
	newest  time.Time
	longest time.Duration // in which no row was acknowledged
}

// look reads on. What was read before an error is kept: it is not read again.
func (r *rows) look() ([]ledger.Row, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil {
		return nil, err
	}
	var fresh []ledger.Row
	for _, name := range files {
		more, failed := r.readOn(name)
		fresh, err = append(fresh, more...), errors.Join(err, failed)
	}
	slices.SortFunc(fresh, func(a, b ledger.Row) int { return a.At.Compare(b.At) })
	for _, row := range fresh {
		if !r.newest.IsZero() {
			r.longest = max(r.longest, row.At.Sub(r.newest))
		}
		if row.At.After(r.newest) {
			r.newest = row.At
		}
	}
	r.all = append(r.all, fresh...)
	return slices.Clip(r.all), err
}

func (r *rows) readOn(name string) ([]ledger.Row, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(r.read[name], io.SeekStart); err != nil {
		return nil, err
	}
	more, n, err := ledger.Read(f)
	r.read[name] += n
	return more, err
}

// counters are the writer's as the lab's page shows them.
func (r *rows) counters() (map[string]any, error) {
	all, err := r.look()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	gap := time.Since(r.newest)
	return map[string]any{
		"acknowledged": len(all), "last_ack": r.newest, "current_gap_ms": gap.Milliseconds(), "longest_gap_ms": max(gap, r.longest).Milliseconds(),
	}, nil
}

func (r *rows) resetGap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.longest = 0
}

// Acknowledged are the rows of which the database has said that it has them.
func (f *Fleet) Acknowledged() ([]ledger.Row, error) { return f.rows.look() }

// Missing are the acknowledged rows that a region's server does not have.
func (f *Fleet) Missing(ctx context.Context, region string) (missing, acknowledged []ledger.Row, err error) {
	if acknowledged, err = f.Acknowledged(); err != nil { // before the table is read
		return nil, nil, err
	}
	conn, err := pgx.Connect(ctx, f.DSN(region))
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close(ctx)
	found, err := conn.Query(ctx, ledger.KeySQL)
	if err != nil {
		return nil, nil, err
	}
	keys, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return nil, nil, err
	}
	return ledger.Missing(acknowledged, keys), acknowledged, nil
}
