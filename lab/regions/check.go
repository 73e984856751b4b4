package regions

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Check is the answer of GET /lab/writer/check.
type Check struct {
	Acknowledged int     `json:"acknowledged"`
	Found        int     `json:"found"` // of the acknowledged rows
	Lost         []int64 `json:"lost"`
}

// Check looks every acknowledged row up on the present primary. The list of rows is taken before the look: a row acknowledged in between
// is not asked for.
func (w *Writer) Check(ctx context.Context) (Check, error) {
	acked := w.Acked()
	primary, err := w.fleet.Primary(ctx)
	if err != nil {
		return Check{}, fmt.Errorf("check writer: %w", err)
	}
	present, err := readIDs(ctx, primary, slices.Max(append(acked, 0)))
	if err != nil {
		return Check{}, fmt.Errorf("check writer on %s: %w", primary.Name, err)
	}
	result := Check{Acknowledged: len(acked), Lost: []int64{}}
	for _, id := range acked {
		if present[id] {
			result.Found++
		} else {
			result.Lost = append(result.Lost, id)
		}
	}
	return result, nil
}

// readIDs marks which of the numbers up to highest are in the table.
func readIDs(ctx context.Context, server *Server, highest int64) ([]bool, error) {
	conn, err := pgx.Connect(ctx, server.DSN(App))
	if err != nil {
		return nil, err
	}
	defer closeNow(conn)
	rows, err := conn.Query(ctx, "SELECT id FROM writes WHERE id BETWEEN 0 AND $1", highest)
	if err != nil {
		return nil, err
	}
	present := make([]bool, highest+1)
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		present[id] = true
		return nil
	})
	return present, err
}
