package journal

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// querier is a transaction or a pool of connections.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Each reads whole operations in one statement, which sees them all as they
// were at one moment.
const (
	onlyOpen    = "SELECT op, record FROM records WHERE op IN (SELECT id FROM operations WHERE open = 1) ORDER BY op, seq"
	onlyOne     = "SELECT op, record FROM records WHERE op = ? ORDER BY seq"
	newestFirst = "SELECT op, record FROM records WHERE op IN (SELECT id FROM operations ORDER BY id DESC LIMIT ?) ORDER BY op DESC, seq"
)

// operation rebuilds one operation. Its number is spelled in one way only.
func operation(ctx context.Context, q querier, id string) (int64, rapbot.Operation, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != id {
		return 0, rapbot.Operation{}, ledger.NoOperation(id)
	}
	found, err := operations(ctx, q, onlyOne, n)
	if err != nil {
		return 0, rapbot.Operation{}, err
	}
	if len(found) == 0 {
		return 0, rapbot.Operation{}, ledger.NoOperation(id)
	}
	return n, found[0], nil
}

// operations rebuilds the operations of a query, in its order.
func operations(ctx context.Context, q querier, query string, args ...any) ([]rapbot.Operation, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	defer rows.Close()
	var ids []int64
	var kept [][][]byte // of each operation its records
	for rows.Next() {
		var id int64
		var record []byte
		if err := rows.Scan(&id, &record); err != nil {
			return nil, fmt.Errorf("read record: %w", err)
		}
		if len(ids) == 0 || ids[len(ids)-1] != id {
			ids, kept = append(ids, id), append(kept, nil)
		}
		last := len(kept) - 1
		kept[last] = append(kept[last], record)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	var out []rapbot.Operation
	for i, id := range ids {
		o, err := ledger.Rebuild(strconv.FormatInt(id, 10), kept[i])
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}
