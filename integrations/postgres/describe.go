package postgres

import (
	"context"
	_ "embed" // the questions
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

//go:embed describe.sql
var describeSQL string

var (
	describeAll = strings.NewReplacer("{{heartbeat}}", "(SELECT at FROM rapbot.heartbeat WHERE id = 1)",
		"{{received}}", "(SELECT max(('x' || left(name, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')").Replace(describeSQL)
	describeBare = strings.NewReplacer("{{heartbeat}}", "NULL::timestamptz", "{{received}}", "NULL::int").Replace(describeSQL)
)

// describe asks a server for everything a look is about, in one round trip.
// A server without rapbot's schema answers as well; that the schema is missing
// is told among the missing grants.
func describe(ctx context.Context, conn *pgx.Conn) (rapbot.Server, error) {
	if major := majorOf(conn.PgConn().ParameterStatus("server_version")); major > 0 && major < rapbot.OldestMajor() {
		return rapbot.Server{}, tooOld(major)
	}
	server, err := describeBy(ctx, conn, describeAll)
	switch codeOf(err) {
	case codeNoSchema, codeNoTable, codeNotAllowed:
		return describeBy(ctx, conn, describeBare)
	case codeOtherRole:
		return describeBy(ctx, conn, describeAll) // it was promoted while it spoke
	}
	return server, err
}

func describeBy(ctx context.Context, conn *pgx.Conn, question string) (rapbot.Server, error) {
	var text []byte
	if err := conn.QueryRow(ctx, question, pgx.QueryExecModeCacheStatement).Scan(&text); err != nil {
		return rapbot.Server{}, err
	}
	var server rapbot.Server
	if err := json.Unmarshal(text, &server); err != nil {
		return rapbot.Server{}, fmt.Errorf("read a server's description: %w", err)
	}
	return server, nil
}

// tooOld is a server of a version that the questions are not worded for.
type tooOld int

func (t tooOld) Error() string { return rapbot.TooOld(int(t)) }

// majorOf reads the major version that a server tells at login, such as
// "18beta1" or "9.6.24"; zero when there is none to read.
func majorOf(version string) int {
	digits := version[:len(version)-len(strings.TrimLeft(version, "0123456789"))]
	major, _ := strconv.Atoi(digits) // zero when it is no number
	return major
}
