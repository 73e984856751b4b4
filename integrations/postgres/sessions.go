package postgres

import (
	"context"
	_ "embed" // the question
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed sessions.sql
var sessionsSQL string

// sessions is who could write on a primary.
type sessions struct {
	readOnly bool          // a session that begins now may not write, as far as this one knows
	since    time.Time     // when that took effect, by the server's clock
	age      time.Duration // how long ago that was
	writers  int           // sessions that began earlier
	supers   []string      // logins of superusers among those that began earlier; nobody but the stop can end them
	ended    int           // how many of them were told to end just now
}

// sessions asks who could write, and ends them when told to.
func (f *Fleet) sessions(ctx context.Context, name string, end bool, since time.Time) (s sessions, err error) {
	var known *time.Time
	if !since.IsZero() {
		known = &since
	}
	users := f.opt.ApplicationUsers
	if users == nil {
		users = []string{}
	}
	err = f.on(ctx, name, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, sessionsSQL, pgx.QueryExecModeCacheStatement, end, known, users).
			Scan(&s.readOnly, &s.since, &s.age, &s.writers, &s.supers, &s.ended)
	})
	return s, err
}

// newSessionsAreReadOnly proves it on a connection made for the purpose. It is
// then one of the warm ones, so nothing of it is wasted.
func (f *Fleet) newSessionsAreReadOnly(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, f.opt.Timeout)
	defer cancel()
	var on bool
	err := f.region(name).link.fresh(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT current_setting('default_transaction_read_only') = 'on'").Scan(&on)
	})
	return on, f.silent(name, err, f.opt.Timeout)
}

// acceptWrites takes the setting of block-writers back, whether it is in force
// yet or only in the file.
func (f *Fleet) acceptWrites(ctx context.Context, name string) error {
	return f.alter(ctx, name, "ALTER SYSTEM RESET default_transaction_read_only")
}

// alter changes a setting in the server's file and lets it take effect. The
// statement is a constant: ALTER SYSTEM takes no parameters.
func (f *Fleet) alter(ctx context.Context, name, statement string) error {
	return f.on(ctx, name, func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, "SELECT pg_reload_conf()")
		return err
	})
}
