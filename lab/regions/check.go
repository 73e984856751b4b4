package regions

import (
	"context"
	"fmt"

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
	present, err := readIDs(ctx, primary)
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

func readIDs(ctx context.Context, server *Server) (map[int64]bool, error) {
	conn, err := pgx.Connect(ctx, server.DSN(App))
	if err != nil {
		return nil, err
	}
	defer closeNow(conn)
	rows, err := conn.Query(ctx, "SELECT id FROM writes")
	if err != nil {
		return nil, err
	}
	present := map[int64]bool{}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		present[id] = true
		return nil
	})
	return present, err
}
