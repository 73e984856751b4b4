package journal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// It is asked every second or so; its condition is that of an index.
const unexplainedGroups = groupColumns + "WHERE firing > explained AND card_id <> '' ORDER BY changed_at, id"

// Unexplained implements rapbot.Firings.
func (j *Journal) Unexplained(ctx context.Context) ([]rapbot.AlertGroup, error) {
	rows, err := j.reader.QueryContext(ctx, unexplainedGroups)
	if err != nil {
		return nil, fmt.Errorf("read unexplained groups: %w", err)
	}
	defer rows.Close()
	var out []rapbot.AlertGroup
	for rows.Next() {
		g, err := scanGroup(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read unexplained groups: %w", err)
	}
	return out, nil
}

// Explained implements rapbot.Firings.
func (j *Journal) Explained(ctx context.Context, id string, times int) error {
	return j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE alert_groups SET explained = max(explained, ?) WHERE id = ?", times, id)
		if err != nil {
			return fmt.Errorf("write what is explained: %w", err)
		}
		updated, err := result.RowsAffected()
		if err == nil && updated == 0 {
			return ledger.NoGroup()
		}
		return err
	})
}
