package journal

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

// Propose implements rapbot.Operations.
func (j *Journal) Propose(ctx context.Context, term rapbot.Term, first rapbot.Record) (rapbot.Operation, error) {
	var o rapbot.Operation
	err := j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := checkTerm(ctx, tx, term); err != nil {
			return err
		}
		others, err := operations(ctx, tx, onlyOpen)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return ledger.AnotherOpen(others[0])
		}
		id, err := insertOperation(ctx, tx, first)
		if err != nil {
			return err
		}
		var kept []byte
		if o, kept, err = ledger.Begin(strconv.FormatInt(id, 10), first); err != nil {
			return err
		}
		return insertRecord(ctx, tx, term, id, o.Records[0], kept)
	})
	if err != nil {
		return rapbot.Operation{}, err
	}
	return o, nil
}

// Append implements rapbot.Operations.
func (j *Journal) Append(ctx context.Context, term rapbot.Term, id string, records ...rapbot.Record) (rapbot.Operation, error) {
	var next rapbot.Operation
	err := j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := checkTerm(ctx, tx, term); err != nil {
			return err
		}
		n, o, err := operation(ctx, tx, id)
		if err != nil {
			return err
		}
		var kept [][]byte
		if next, kept, err = ledger.Extend(o, records); err != nil {
			return err
		}
		for i, r := range next.Records[o.Seq():] {
			if err := insertRecord(ctx, tx, term, n, r, kept[i]); err != nil {
				return err
			}
		}
		return updateOperation(ctx, tx, n, next.State)
	})
	if err != nil {
		return rapbot.Operation{}, err
	}
	return next, nil
}

// Operation implements rapbot.Operations.
func (j *Journal) Operation(ctx context.Context, id string) (rapbot.Operation, error) {
	_, o, err := operation(ctx, j.reader, id)
	return o, err
}

// Open implements rapbot.Operations.
func (j *Journal) Open(ctx context.Context) ([]rapbot.Operation, error) {
	return operations(ctx, j.reader, onlyOpen)
}

// History implements rapbot.Operations.
func (j *Journal) History(ctx context.Context, limit int) ([]rapbot.Operation, error) {
	return operations(ctx, j.reader, newestFirst, max(limit, 0))
}

func insertOperation(ctx context.Context, tx *sql.Tx, first rapbot.Record) (int64, error) {
	var id int64
	row := tx.QueryRowContext(ctx, "INSERT INTO operations (state, open, created_at) VALUES (?, 1, ?) RETURNING id", rapbot.Proposed, first.At.UnixNano())
	if err := row.Scan(&id); err != nil {
		return 0, fmt.Errorf("insert operation: %w", err)
	}
	return id, nil
}

func updateOperation(ctx context.Context, tx *sql.Tx, id int64, state rapbot.State) error {
	if _, err := tx.ExecContext(ctx, "UPDATE operations SET state = ?, open = ? WHERE id = ?", state, !state.Final(), id); err != nil {
		return fmt.Errorf("update operation %d: %w", id, err)
	}
	return nil
}

func insertRecord(ctx context.Context, tx *sql.Tx, term rapbot.Term, id int64, r rapbot.Record, kept []byte) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO records (op, seq, at, kind, term, record) VALUES (?, ?, ?, ?, ?, ?)",
		id, r.Seq, r.At.UnixNano(), r.Kind, term, string(kept))
	if err != nil {
		return fmt.Errorf("insert record %d of operation %d: %w", r.Seq, id, err)
	}
	return nil
}
