package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/rap-analyzer/rapbot/alert"
)

const (
	putNote         = "INSERT INTO notes (name, note) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET note = excluded.note"
	unsettledGroups = groupColumns + "WHERE json_extract(state, '$.latest.status') = 'firing' OR json_extract(state, '$.held') IS NOT NULL ORDER BY id"
)

// Note implements rapbot.Notes.
func (j *Journal) Note(ctx context.Context, name string) (string, error) {
	var text string
	err := j.reader.QueryRowContext(ctx, "SELECT note FROM notes WHERE name = ?", name).Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read note: %w", err)
	}
	return text, nil
}

// PutNote implements rapbot.Notes.
func (j *Journal) PutNote(ctx context.Context, name, text string) error {
	return j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, putNote, name, text); err != nil {
			return fmt.Errorf("write note: %w", err)
		}
		return nil
	})
}

// Unsettled implements alert.Inbox. Its condition is that of an index, so that
// what has resolved is not looked at.
func (j *Journal) Unsettled(ctx context.Context) ([]alert.Group, error) {
	return j.groups(ctx, unsettledGroups)
}
