package world

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/rap-analyzer/rapbot"
)

// Operations are the newest ones, so many at the most, in no order, as rapbot's
// journal has them: what a card rounds is exact there, and it can be read while
// rapbot is dead.
func (w *World) Operations(ctx context.Context, newest int) (all []rapbot.Operation, err error) {
	db, err := sql.Open("sqlite", "file:"+w.Facts().Bot.Journal+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "SELECT op, record FROM records WHERE op > (SELECT max(id) FROM operations) - ? ORDER BY op, seq", newest)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	defer rows.Close()
	kept := map[string][]rapbot.Record{}
	for rows.Next() {
		var id string
		var text []byte
		var record rapbot.Record
		if err := rows.Scan(&id, &text); err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		if err := json.Unmarshal(text, &record); err != nil {
			return nil, fmt.Errorf("read journal: operation %s: %w", id, err)
		}
		kept[id] = append(kept[id], record)
	}
	for id, records := range kept {
		o, err := rapbot.Replay(id, records)
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		all = append(all, o)
	}
	return all, rows.Err()
}
