package regions

import (
	"context"
	"crypto/rand"
	_ "embed" // the SQL files
	"encoding/hex"
	"fmt"
	"strings"
	"text/template"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/charts"
)

//go:embed schema.sql
var schemaSQL string

// Database is the name of the application's database.
const Database = "rap"

// Role is a login of the databases.
type Role string

// The logins that the lab hands out.
const (
	Admin  Role = "admin"  // a superuser, for the lab and its tests
	Rapbot Role = "rapbot" // the bot, with the least rights it can do its work with
	App    Role = "app"    // the application: adds rows and reads them
)

// replicator is what the WAL receivers log in as. It stays inside the fleet.
const replicator Role = "replicator"

func newPasswords() map[Role]string {
	passwords := map[Role]string{}
	for _, role := range []Role{Admin, Rapbot, App, replicator} {
		random := make([]byte, 16)
		_, _ = rand.Read(random) // never fails: the program ends if the kernel has no randomness
		passwords[role] = hex.EncodeToString(random)
	}
	return passwords
}

// fill makes a fresh primary the fleet's: roles, database, tables, rights, and a slot for each replica to come.
func (f *Fleet) fill(ctx context.Context, primary *Server) error {
	statements := []string{
		fmt.Sprintf("CREATE ROLE replicator LOGIN REPLICATION PASSWORD '%s'", f.passwords[replicator]),
		fmt.Sprintf("CREATE ROLE rapbot LOGIN PASSWORD '%s'", f.passwords[Rapbot]),
		fmt.Sprintf("CREATE ROLE app LOGIN PASSWORD '%s'", f.passwords[App]),
		"CREATE DATABASE " + Database,
		"REVOKE ALL ON DATABASE " + Database + " FROM public",
		"GRANT CONNECT ON DATABASE " + Database + " TO rapbot, app",
	}
	for _, server := range f.servers {
		if server != primary {
			statements = append(statements, fmt.Sprintf("SELECT pg_create_physical_replication_slot('%s', true)", server.Slot))
		}
	}
	statements = append(statements, charts.GrantsRewind)
	if f.pg.Major >= 15 {
		statements = append(statements, "GRANT pg_checkpoint TO replicator")
	}
	if err := execute(ctx, primary.dsn(Admin, "postgres"), statements...); err != nil {
		return err
	}
	grants, err := f.renderGrants()
	if err != nil {
		return err
	}
	return execute(ctx, primary.DSN(Admin), schemaSQL, grants)
}

// Furnish makes the application's login, database and tables on a primary that is not of a fleet, so that a Writer can write there. Both
// addresses are a superuser's: of any database that is there already, and of the one to be made, whose name is Database.
func Furnish(ctx context.Context, there, fresh, appPassword string) error {
	if err := execute(ctx, there, fmt.Sprintf("CREATE ROLE app LOGIN PASSWORD '%s'", appPassword), "CREATE DATABASE "+Database); err != nil {
		return err
	}
	return execute(ctx, fresh, schemaSQL)
}

func (f *Fleet) renderGrants() (string, error) {
	var slots []string
	for _, server := range f.servers {
		slots = append(slots, server.Slot)
	}
	return renderGrants(slots, f.pg.Able())
}

func renderGrants(slots []string, able rapbot.Ability) (string, error) {
	text := charts.Grants + "\n"
	if able.GrantsOnParameters {
		text += charts.Grants15
	} else {
		text += charts.Grants13
	}
	page, err := template.New("grants").Parse(text)
	if err != nil {
		return "", fmt.Errorf("grants: %w", err)
	}
	var b strings.Builder
	err = page.Execute(&b, struct{ SlotPattern string }{strings.Join(slots, "|")})
	return b.String(), err
}

// execute runs each statement, or file of statements, on one connection. The error leaves the statement out: it may hold a password.
func execute(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer closeNow(conn)
	for i, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return nil
}
