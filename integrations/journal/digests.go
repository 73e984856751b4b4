package journal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

const putDigest = "INSERT INTO digests (channel, state) VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET state = excluded.state"

// Digests implements alert.Inbox.
func (j *Journal) Digests(ctx context.Context) ([]alert.Digest, error) {
	rows, err := j.reader.QueryContext(ctx, "SELECT state FROM digests ORDER BY channel")
	if err != nil {
		return nil, fmt.Errorf("read digests: %w", err)
	}
	defer rows.Close()
	var out []alert.Digest
	for rows.Next() {
		var kept []byte
		if err := rows.Scan(&kept); err != nil {
			return nil, fmt.Errorf("read digest: %w", err)
		}
		d, err := ledger.DecodeDigest(kept)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read digests: %w", err)
	}
	return out, nil
}

// KeepDigest implements alert.Inbox.
func (j *Journal) KeepDigest(ctx context.Context, d alert.Digest) error {
	kept, err := ledger.EncodeDigest(d)
	if err != nil {
		return err
	}
	return j.inbox.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, putDigest, d.Channel, string(kept)); err != nil {
			return fmt.Errorf("write digest: %w", err)
		}
		return nil
	})
}
