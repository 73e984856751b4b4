package postgres

import (
	"context"
	_ "embed" // the questions
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

//go:embed grants.sql
var grantsSQL string

//go:embed grants15.sql
var grants15SQL string

//go:embed grants13.sql
var grants13SQL string

// grantsQuestion is worded for what a version can grant: to ask an older one
// for a newer one's privilege is an error.
func grantsQuestion(able rapbot.Ability) string {
	rows := grants15SQL
	if !able.GrantsOnParameters {
		rows = grants13SQL
	}
	return strings.Replace(grantsSQL, "{{version}}", strings.TrimSpace(rows), 1)
}

// missingGrants asks what the login cannot do. It looks through catalogues
// that hardly ever change, so it is not part of every look.
func missingGrants(ctx context.Context, conn *pgx.Conn, able rapbot.Ability) ([]string, error) {
	var missing []string
	err := conn.QueryRow(ctx, grantsQuestion(able)).Scan(&missing)
	return missing, err
}
