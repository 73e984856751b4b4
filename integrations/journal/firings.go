package journal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// It is asked every second or so; its condition is that of an index.
const unexplainedGroups = groupColumns + "WHERE firing > explained AND card_id <> '' ORDER BY changed_at, id"

// Unexplained implements alert.Firings.
func (j *Journal) Unexplained(ctx context.Context) ([]alert.Group, error) {
	return j.groups(ctx, unexplainedGroups)
}

// Explained implements alert.Firings.
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
