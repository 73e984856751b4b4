package regions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrWrongRole says that a server is, or would come up as, the other thing than it was told to start as.
var ErrWrongRole = errors.New("wrong role")

// StartPrimary starts the server read-write, as it was when it stopped. It refuses on a replica's data: without its standby.signal a
// replica would take writes on the primary's own timeline, where nobody could tell the two apart. A replica
// becomes a primary by pg_promote only.
func (s *Server) StartPrimary(ctx context.Context) error {
	return s.start(ctx, false, func() error {
		if s.isReplica() {
			return fmt.Errorf("start %s as the primary: it is a replica, promote it instead: %w", s.Name, ErrWrongRole)
		}
		return nil
	})
}

// StartReplica starts the server as a replica, whatever it was. It streams from whichever server is the primary, through the slot of its own
// name, which must exist there. A server that wrote what the present primary never got starts too, answers reads and never follows: it
// needs pg_rewind or a new base backup, and only its streaming and timeline tell.
func (s *Server) StartReplica(ctx context.Context) error {
	return s.start(ctx, true, func() error {
		if err := s.forgetUpstream(); err != nil {
			return fmt.Errorf("start %s as a replica: %w", s.Name, err)
		}
		return s.fleet.account.WriteFile(s.data("standby.signal"), "")
	})
}

// Start starts the server as it was when it ended, which is what a machine does that gets its power back.
func (s *Server) Start(ctx context.Context) error {
	if s.isReplica() {
		return s.StartReplica(ctx)
	}
	return s.StartPrimary(ctx)
}

func (s *Server) isReplica() bool {
	_, err := os.Stat(s.data("standby.signal"))
	return err == nil
}

// start brings the server up in a role, or finds that it is up in that role already.
func (s *Server) start(ctx context.Context, replica bool, prepare func() error) error {
	select {
	case s.starting <- struct{}{}:
		defer func() { <-s.starting }()
	case <-ctx.Done():
		return fmt.Errorf("start %s: another start is under way: %w", s.Name, ctx.Err())
	}
	p := s.current()
	if p != nil && p.Ending() {
		select {
		case <-p.Done():
			p = nil
		case <-ctx.Done():
			return fmt.Errorf("start %s: still shutting down: %w", s.Name, ctx.Err())
		}
	}
	if p != nil {
		if err := s.awaitReady(ctx, p); err != nil {
			return err
		}
		return s.expectRole(ctx, replica)
	}
	if err := prepare(); err != nil {
		return err
	}
	if err := s.launch(ctx); err != nil {
		return err
	}
	if err := s.expectRole(ctx, replica); err != nil {
		return err
	}
	s.fleet.log("%s started as a %s", s.Name, roleName(replica))
	return nil
}

// expectRole asks the server itself, which proves in passing that it accepts connections.
func (s *Server) expectRole(ctx context.Context, replica bool) error {
	isReplica, err := inRecovery(ctx, s.DSN(Rapbot))
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	if isReplica != replica {
		return fmt.Errorf("%s runs as a %s, not as a %s: %w", s.Name, roleName(isReplica), roleName(replica), ErrWrongRole)
	}
	return nil
}

func roleName(replica bool) string {
	if replica {
		return "replica"
	}
	return "primary"
}

// forgetUpstream takes the upstream's settings out of postgresql.auto.conf, so that those of server.conf hold again. An emergency
// leaves an empty primary_conninfo there, with which a replica waits for ever.
func (s *Server) forgetUpstream() error {
	text, err := os.ReadFile(s.data("postgresql.auto.conf"))
	if err != nil {
		return err
	}
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "primary_conninfo ") && !strings.HasPrefix(line, "primary_slot_name ") {
			kept.WriteString(line)
		}
	}
	if kept.Len() == len(text) {
		return nil
	}
	return s.fleet.account.WriteFile(s.data("postgresql.auto.conf"), kept.String())
}
