package regions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// bootstrap makes the first server a primary from nothing and the others its replicas by copies of its data, which are made while it is
// stopped: that needs no program that comes with the clients only, and is the same on every version. Nothing is synced to disk
// here (--no-sync): a machine that loses power in these seconds loses a lab that holds nothing yet.
func (f *Fleet) bootstrap(ctx context.Context) error {
	if err := f.each((*Server).layOut); err != nil {
		return err
	}
	primary := f.servers[0]
	if err := primary.initialise(ctx); err != nil {
		return fmt.Errorf("%s: %w", primary.Name, err)
	}
	// There is nobody to ask yet.
	if _, err := primary.launch(ctx, "GATE_QUORUM=0"); err != nil {
		return err
	}
	if err := f.fill(ctx, primary); err != nil {
		return fmt.Errorf("fill %s: %w", primary.Name, err)
	}
	if err := primary.Stop(ctx); err != nil {
		return err
	}
	copies, withCtx := errgroup.WithContext(ctx)
	for _, server := range f.servers[1:] {
		copies.Go(func() error {
			if err := server.copyFrom(withCtx, primary); err != nil {
				return fmt.Errorf("%s: %w", server.Name, err)
			}
			return nil
		})
	}
	if err := copies.Wait(); err != nil {
		return err
	}
	// The replicas first: the primary's gate asks them.
	if err := f.each(func(s *Server) error { return s.joinFleet(ctx, primary) }); err != nil {
		return err
	}
	if err := primary.StartPrimary(ctx); err != nil {
		return err
	}
	return f.awaitStreaming(ctx, primary)
}

// layOut makes the server's folder and the files beside its data.
func (s *Server) layOut() error {
	if entries, err := os.ReadDir(s.dir); err == nil && len(entries) > 0 {
		if _, err := os.Stat(s.path("server.conf")); err != nil {
			return fmt.Errorf("%s holds something else than a server of the lab", s.dir)
		}
		s.sweep() // a lab that was killed could not
		if err := os.RemoveAll(s.dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	if err := s.fleet.account.Give(s.dir); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"server.conf": s.settings(), "pgpass": s.passwords(), "pg_hba.conf": AccessRules, "boot-gate.sh": charts.BootGate, volumeScript: charts.Volume,
	} {
		if err := s.fleet.account.WriteFile(s.path(name), text); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) initialise(ctx context.Context) error {
	account := s.fleet.account
	secret := s.path("initdb-password")
	if err := account.WriteFile(secret, s.fleet.passwords[Admin]); err != nil {
		return err
	}
	defer os.Remove(secret)
	return child.Run(ctx, account.Command(s.dir, s.fleet.pg.Program("initdb"), "--pgdata="+s.DataDir(), "--username="+string(Admin),
		"--pwfile="+secret, "--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C", "--no-sync"))
}

// copyFrom takes a copy of the stopped primary's data. Slots are a server's own: a copied one would hold back the replica's log for ever.
func (s *Server) copyFrom(ctx context.Context, primary *Server) error {
	copier, err := exec.LookPath("cp")
	if err != nil {
		return err
	}
	if err := child.Run(ctx, s.fleet.account.Command(s.dir, copier, "-R", "-p", primary.DataDir(), s.DataDir())); err != nil {
		return err
	}
	slots, err := filepath.Glob(s.data("pg_replslot/*"))
	for _, slot := range slots {
		err = errors.Join(err, os.RemoveAll(slot))
	}
	return err
}

func (s *Server) joinFleet(ctx context.Context, primary *Server) error {
	if s == primary {
		return nil
	}
	return s.StartReplica(ctx)
}

func (f *Fleet) awaitStreaming(ctx context.Context, primary *Server) error {
	conn, err := pgx.Connect(ctx, primary.DSN(Admin))
	if err != nil {
		return err
	}
	defer closeNow(conn)
	var streaming int
	err = wait.Until(ctx, 5*glance, func() bool {
		row := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
		return row.Scan(&streaming) == nil && streaming >= len(f.servers)-1
	})
	if err != nil {
		return fmt.Errorf("%d of %d replicas stream: %w", streaming, len(f.servers)-1, err)
	}
	return nil
}
