package regions

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// PauseReplay has a replica receive WAL and not replay it: its answers grow old while it streams on. A restart ends the pause.
func (s *Server) PauseReplay(ctx context.Context) error {
	return s.replay(ctx, "pause", "SELECT pg_wal_replay_pause()")
}

// ResumeReplay ends the pause. A replica that replays already is a success.
func (s *Server) ResumeReplay(ctx context.Context) error {
	return s.replay(ctx, "resume", "SELECT pg_wal_replay_resume()")
}

func (s *Server) replay(ctx context.Context, what, words string) error {
	if s.current() == nil {
		return fmt.Errorf("%s replay in %s: the server is down: %w", what, s.Name, ErrWrongRole)
	}
	const notInRecovery = "55000"
	err := execute(ctx, s.DSN(Admin), words)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == notInRecovery {
		return fmt.Errorf("%s replay in %s: it is a primary and replays nothing: %w", what, s.Name, ErrWrongRole)
	}
	if err != nil {
		return fmt.Errorf("%s replay in %s: %w", what, s.Name, err)
	}
	s.fleet.log("%s: %s replay", s.Name, what)
	return nil
}

// mostBurned bounds a burst: a replica that is away meanwhile keeps that much on the primary's disk.
const mostBurned = 1024

// Burn writes megabytes of WAL on the primary at once, as a bulk load or an index build does, and leaves no row behind.
func (f *Fleet) Burn(ctx context.Context, megabytes int) (*Server, error) {
	if megabytes < 1 || megabytes > mostBurned {
		return nil, fmt.Errorf("burn %d MB: between 1 and %d", megabytes, mostBurned)
	}
	primary, err := f.Primary(ctx)
	if err != nil {
		return nil, fmt.Errorf("burn %d MB: %w", megabytes, err)
	}
	conn, err := pgx.Connect(ctx, primary.DSN(Admin))
	if err != nil {
		return nil, fmt.Errorf("burn %d MB on %s: %w", megabytes, primary.Name, err)
	}
	defer closeNow(conn)
	if err := burn(ctx, conn, megabytes); err != nil {
		return nil, fmt.Errorf("burn %d MB on %s: %w", megabytes, primary.Name, err)
	}
	f.log("%s: %d MB of WAL burned", primary.Name, megabytes)
	return primary, nil
}

// burn writes messages that nobody decodes. Each is a megabyte; the WAL's own framing comes on top.
func burn(ctx context.Context, conn *pgx.Conn, megabytes int) error {
	_, err := conn.Exec(ctx, "SELECT count(pg_logical_emit_message(true, 'burn', repeat('x', 1 << 20))) FROM generate_series(1, $1)", megabytes)
	return err
}
