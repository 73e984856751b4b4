package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

const (
	pendingOldestFirst = "SELECT id, delivery FROM deliveries WHERE absorbed = 0 ORDER BY id LIMIT ?"
	forgetAbsorbed     = "DELETE FROM deliveries WHERE absorbed = 1 AND received_at < ?"
	forgetKeys         = "DELETE FROM seen_keys WHERE at <= ?"
	putNewestKey       = "INSERT INTO newest_keys (group_id, key) VALUES (?, ?) ON CONFLICT (group_id) DO UPDATE SET key = excluded.key"
)

// Accept implements alert.Inbox. A delivery that is not fresh is not stored
// again: the equal one is on disk already.
func (j *Journal) Accept(ctx context.Context, d alert.Delivery) (bool, error) {
	kept, err := ledger.EncodeDelivery(d)
	if err != nil {
		return false, err
	}
	group, fresh := alert.GroupID(d), false
	err = j.inbox.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var newest string
		err := tx.QueryRowContext(ctx, "SELECT key FROM newest_keys WHERE group_id = ?", group).Scan(&newest)
		if err == nil && newest == d.Key {
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read newest key: %w", err)
		}
		fresh = true
		return insertDelivery(ctx, tx, d, group, kept)
	})
	if err != nil {
		return false, fmt.Errorf("accept delivery: %w", err)
	}
	return fresh, nil
}

func insertDelivery(ctx context.Context, tx *sql.Tx, d alert.Delivery, group string, kept []byte) error {
	_, err := tx.ExecContext(ctx, forgetAbsorbed, d.ReceivedAt.Add(-ledger.KeepDeliveries).UnixNano())
	if err != nil {
		return fmt.Errorf("forget old deliveries: %w", err)
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO deliveries (received_at, delivery) VALUES (?, ?)", d.ReceivedAt.UnixNano(), string(kept))
	if err != nil {
		return fmt.Errorf("insert delivery: %w", err)
	}
	_, err = tx.ExecContext(ctx, putNewestKey, group, d.Key)
	if err != nil {
		return fmt.Errorf("write newest key: %w", err)
	}
	return nil
}

// Pending implements alert.Inbox.
func (j *Journal) Pending(ctx context.Context, limit int) ([]alert.Delivery, error) {
	rows, err := j.reader.QueryContext(ctx, pendingOldestFirst, max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("read pending deliveries: %w", err)
	}
	defer rows.Close()
	var out []alert.Delivery
	for rows.Next() {
		var id int64
		var kept []byte
		if err := rows.Scan(&id, &kept); err != nil {
			return nil, fmt.Errorf("read pending delivery: %w", err)
		}
		d, err := ledger.DecodeDelivery(id, kept)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read pending deliveries: %w", err)
	}
	return out, nil
}

// FirstTime implements alert.Inbox.
func (j *Journal) FirstTime(ctx context.Context, key string, at time.Time) (bool, error) {
	first := false
	err := j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, forgetKeys, at.Add(-ledger.KeepKeys).UnixNano())
		if err != nil {
			return fmt.Errorf("forget old keys: %w", err)
		}
		result, err := tx.ExecContext(ctx, "INSERT INTO seen_keys (key, at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", key, at.UnixNano())
		if err != nil {
			return fmt.Errorf("insert key: %w", err)
		}
		inserted, err := result.RowsAffected()
		first = inserted == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remember key: %w", err)
	}
	return first, nil
}
