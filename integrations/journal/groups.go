package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

const (
	groupColumns  = "SELECT state, card_channel, card_id, told FROM alert_groups "
	unshownGroups = groupColumns + "WHERE shown_at IS NULL OR shown_at < changed_at ORDER BY changed_at, id"

	firingGroups = groupColumns + "WHERE json_extract(state, '$.latest.status') = 'firing'"

	// A group that is known keeps its card and what was told, which belong to
	// Shown: one may have been posted since the caller read the group.
	putGroup = `INSERT INTO alert_groups (id, state, changed_at, card_channel, card_id, told) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at`
)

// Group implements alert.Inbox.
func (j *Journal) Group(ctx context.Context, id string) (alert.Group, error) {
	g, err := scanGroup(j.reader.QueryRowContext(ctx, groupColumns+"WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return g, ledger.NoGroup()
	}
	return g, err
}

// Unshown implements alert.Inbox: the group that waits longest comes first.
func (j *Journal) Unshown(ctx context.Context) ([]alert.Group, error) {
	return j.groups(ctx, unshownGroups)
}

// Firing implements alert.Inbox.
func (j *Journal) Firing(ctx context.Context) ([]alert.Group, error) {
	out, err := j.groups(ctx, firingGroups)
	ledger.FirstSeenFirst(out)
	return out, err
}

// OnCard implements alert.Inbox.
func (j *Journal) OnCard(ctx context.Context, card rapbot.Ref) (alert.Group, error) {
	if card.Zero() {
		return alert.Group{}, ledger.NoGroup()
	}
	g, err := scanGroup(j.reader.QueryRowContext(ctx, groupColumns+"WHERE card_channel = ? AND card_id = ?", card.Channel, card.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return g, ledger.NoGroup()
	}
	return g, err
}

func (j *Journal) groups(ctx context.Context, query string) ([]alert.Group, error) {
	rows, err := j.reader.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read alert groups: %w", err)
	}
	defer rows.Close()
	var out []alert.Group
	for rows.Next() {
		g, err := scanGroup(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read alert groups: %w", err)
	}
	return out, nil
}

// Absorb implements alert.Inbox. Card and Told belong to Shown: they are
// taken from g only for a group that is new.
func (j *Journal) Absorb(ctx context.Context, g alert.Group, deliveries ...int64) error {
	return j.inbox.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, d := range deliveries {
			if err := markAbsorbed(ctx, tx, d); err != nil {
				return err
			}
		}
		var before int64
		err := tx.QueryRowContext(ctx, "SELECT changed_at FROM alert_groups WHERE id = ?", g.ID).Scan(&before)
		switch {
		case err == nil:
			g.ChangedAt = ledger.After(time.Unix(0, before), g.ChangedAt)
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("read group: %w", err)
		}
		kept, err := ledger.EncodeGroup(g)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, putGroup, g.ID, string(kept), g.ChangedAt.UnixNano(), g.Card.Channel, g.Card.ID, g.Told); err != nil {
			return fmt.Errorf("write group: %w", err)
		}
		return nil
	})
}

// Amend implements alert.Inbox.
func (j *Journal) Amend(ctx context.Context, g alert.Group) error {
	return j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var before int64
		err := tx.QueryRowContext(ctx, "SELECT changed_at FROM alert_groups WHERE id = ?", g.ID).Scan(&before)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ledger.NoGroup()
		case err != nil:
			return fmt.Errorf("read group: %w", err)
		case before != g.ChangedAt.UnixNano():
			return ledger.GroupMoved()
		}
		g.ChangedAt = ledger.After(g.ChangedAt, g.ChangedAt)
		kept, err := ledger.EncodeGroup(g)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE alert_groups SET state = ?, changed_at = ? WHERE id = ?", string(kept), g.ChangedAt.UnixNano(), g.ID); err != nil {
			return fmt.Errorf("write group: %w", err)
		}
		return nil
	})
}

func markAbsorbed(ctx context.Context, tx *sql.Tx, delivery int64) error {
	var absorbed bool
	err := tx.QueryRowContext(ctx, "SELECT absorbed FROM deliveries WHERE id = ?", delivery).Scan(&absorbed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ledger.NoDelivery(delivery)
	case err != nil:
		return fmt.Errorf("read delivery %d: %w", delivery, err)
	case absorbed:
		return ledger.AbsorbedAlready(delivery)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE deliveries SET absorbed = 1 WHERE id = ?", delivery); err != nil {
		return fmt.Errorf("mark delivery %d: %w", delivery, err)
	}
	return nil
}

// Shown implements alert.Inbox.
func (j *Journal) Shown(ctx context.Context, id string, card rapbot.Ref, told string, changedAt time.Time) error {
	return j.inbox.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE alert_groups SET shown_at = ?, card_channel = ?, card_id = ?, told = ? WHERE id = ?",
			changedAt.UnixNano(), card.Channel, card.ID, told, id)
		if err != nil {
			return fmt.Errorf("write what is shown: %w", err)
		}
		updated, err := result.RowsAffected()
		if err == nil && updated == 0 {
			return ledger.NoGroup()
		}
		return err
	})
}

// scanGroup reads one row of groupColumns.
func scanGroup(row interface{ Scan(...any) error }) (alert.Group, error) {
	var kept []byte
	var card rapbot.Ref
	var told string
	if err := row.Scan(&kept, &card.Channel, &card.ID, &told); err != nil {
		return alert.Group{}, fmt.Errorf("read group: %w", err)
	}
	return ledger.DecodeGroup(kept, card, told)
}
