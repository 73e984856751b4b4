package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

// The marks that steps leave in rapbot.journal. One that a replica shows
// proves that everything committed before it has been replayed there.
const (
	markPrepared = "prepared" // both checkpoints were made
	markDrained  = "drained"  // the old primary's last row
	markPromoted = "promoted" // the new primary's first row
	markSlot     = "slot "    // and its name: recorded before it is made
)

// How long a mark's commit waits.
const (
	waitForReplicas = "on"    // as the application does, by the server's settings
	waitForDisk     = "local" // a replica that is away must not keep a step from ending
)

// mark commits a row of the operation, also on a server that is read-only by
// default, and returns the end of the log after it. Making a mark again does
// nothing. It is one round trip.
func mark(ctx context.Context, conn *pgx.Conn, operation, step, wait string) (rapbot.LSN, error) {
	var batch pgx.Batch
	batch.Queue("BEGIN READ WRITE")
	batch.Queue("SELECT set_config('synchronous_commit', $1, true)", wait)
	batch.Queue("INSERT INTO rapbot.journal (op_id, step) VALUES ($1, $2) ON CONFLICT DO NOTHING", operation, step)
	batch.Queue("COMMIT")
	batch.Queue("SELECT pg_current_wal_flush_lsn()::text")
	results := conn.SendBatch(ctx, &batch)
	defer results.Close()
	for range batch.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			return 0, err
		}
	}
	var text string
	if err := results.QueryRow().Scan(&text); err != nil {
		return 0, err
	}
	end, err := rapbot.ParseLSN(text)
	if err != nil {
		return 0, err
	}
	return end, results.Close()
}

// mark makes a mark on a region's server.
func (f *Fleet) mark(ctx context.Context, name, operation, step, wait string) (end rapbot.LSN, err error) {
	err = f.on(ctx, name, func(ctx context.Context, conn *pgx.Conn) error {
		end, err = mark(ctx, conn, operation, step, wait)
		return err
	})
	return end, err
}
