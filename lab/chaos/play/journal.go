package play

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/rap-analyzer/rapbot"
)

// ledger reads rapbot's journal from outside, as anybody could who has the file. It writes nothing.
type ledger struct{ db *sql.DB }

func openLedger(path string) (*ledger, error) {
	address := url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&_busy_timeout=5000&_query_only=on"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &ledger{db}, nil
}

func (l *ledger) close() error { return l.db.Close() }

// newest is the number of the newest operation, 0 for none.
func (l *ledger) newest(ctx context.Context) (id int64, err error) {
	if err := l.db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM operations").Scan(&id); err != nil {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	return id, nil
}

// since gives the operations after a number, oldest first.
func (l *ledger) since(ctx context.Context, id int64) ([]rapbot.Operation, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT op, record FROM records WHERE op > ? ORDER BY op, seq", id)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	defer rows.Close()
	var ids []int64
	records := map[int64][]rapbot.Record{}
	for rows.Next() {
		var op int64
		var text []byte
		if err := rows.Scan(&op, &text); err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		var r rapbot.Record
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("read journal: operation %d: %w", op, err)
		}
		if _, known := records[op]; !known {
			ids = append(ids, op)
		}
		records[op] = append(records[op], r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	var all []rapbot.Operation
	for _, op := range ids {
		o, err := rapbot.Replay(strconv.FormatInt(op, 10), records[op])
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		all = append(all, o)
	}
	return all, nil
}
