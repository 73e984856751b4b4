package journal

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is where goose notes which migrations a journal has had.
const versionTable = goose.DefaultTablename

// migrate brings the journal to the newest schema. The caller keeps other
// processes from doing the same at the same time.
func migrate(ctx context.Context, path string) error {
	has, err := schemaOf(ctx, path)
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db, err := connect(path, writerOptions, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	all := provider.ListSources()
	newest := all[len(all)-1].Version
	switch {
	case has > newest:
		return newerJournal(path, has, newest)
	case has == newest:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", has, newest, err)
	}
	return nil
}
