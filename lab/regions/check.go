package regions

import (
	"context"
	"errors"
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
	primary, err := w.primary(ctx)
	if err != nil {
		return Check{}, fmt.Errorf("check writer: %w", err)
	}
	present, err := readIDs(ctx, primary, slices.Max(append(acked, 0)))
	if err != nil {
		return Check{}, fmt.Errorf("check writer: %w", err)
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
func readIDs(ctx context.Context, dsn string, highest int64) ([]bool, error) {
	conn, err := pgx.Connect(ctx, dsn)
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

// primaryDSN is the Finder of the fleet's own writer.
func (f *Fleet) primaryDSN(ctx context.Context) (string, error) {
	primary, err := f.Primary(ctx)
	if err != nil {
		return "", err
	}
	return primary.DSN(App), nil
}

// Among finds the primary among the servers of other fleets by asking each of them. More than one is an error: which of them has the rows would be a guess.
func Among(dsns ...string) Finder {
	return func(ctx context.Context) (string, error) {
		var primaries []string
		var silent error
		for _, dsn := range dsns {
			replica, err := inRecovery(ctx, dsn)
			if err != nil {
				silent = err
			} else if !replica {
				primaries = append(primaries, dsn)
			}
		}
		if len(primaries) != 1 {
			return "", errors.Join(fmt.Errorf("%d of %d servers are primary", len(primaries), len(dsns)), silent)
		}
		return primaries[0], nil
	}
}

func inRecovery(ctx context.Context, dsn string) (replica bool, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return false, err
	}
	defer closeNow(conn)
	err = conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica)
	return replica, err
}
