package regions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/api"
	"github.com/rap-analyzer/rapbot/lab/wait"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// ErrWrongRole says that a server is, or would come up as, the other thing than it was told to start as.
var ErrWrongRole error = api.Refusal{Status: http.StatusConflict, Words: "wrong role"}

// StartPrimary starts the server read-write, as it was when it stopped. It refuses on a replica's data: without its standby.signal a
// replica would take writes on the primary's own timeline, where nobody could tell the two apart. A replica
// becomes a primary by pg_promote only. While the boot gate holds the server it waits; when ctx ends first, the error is ErrHeld with the
// reason, and the gate goes on waiting.
func (s *Server) StartPrimary(ctx context.Context) error {
	p, err := s.startPrimary(ctx)
	if !errors.Is(err, ErrHeld) {
		return err
	}
	if err := s.awaitLeave(ctx, p); err != nil {
		return err
	}
	return s.expectRole(ctx, false)
}

// StartUngated starts the server read-write as one that nobody has put a boot gate in front of: its gate knows no other region, so it opens
// at once and never stops it. Without this no test could show what rapbot does about a second primary.
func (s *Server) StartUngated(ctx context.Context) error {
	_, err := s.startPrimary(ctx, "GATE_PEERS=")
	return err
}

func (s *Server) startPrimary(ctx context.Context, gate ...string) (*child.Child, error) {
	return s.start(ctx, false, func() error {
		if s.isReplica() {
			return fmt.Errorf("start %s as the primary: it is a replica, promote it instead: %w", s.Name, ErrWrongRole)
		}
		return nil
	}, gate...)
}

// StartReplica starts the server as a replica, whatever it was. It streams from whichever server is the primary, through the slot of its own
// name, which must exist there. A server that wrote what the present primary never got starts too, answers reads and never follows: it
// needs pg_rewind or a new base backup, and only its streaming and timeline tell.
func (s *Server) StartReplica(ctx context.Context) error {
	_, err := s.start(ctx, true, func() error {
		if err := s.forgetUpstream(); err != nil {
			return fmt.Errorf("start %s as a replica: %w", s.Name, err)
		}
		return s.fleet.account.WriteFile(s.data("standby.signal"), "")
	})
	return err
}

// Start starts the server as it was when it ended, which is what a machine does that gets its power back. A server that its boot gate holds
// was started too: State tells, and the gate opens it as soon as it may.
func (s *Server) Start(ctx context.Context) error {
	if s.isReplica() {
		return s.StartReplica(ctx)
	}
	_, err := s.startPrimary(ctx)
	if errors.Is(err, ErrHeld) {
		return nil
	}
	return err
}

func (s *Server) isReplica() bool {
	_, err := os.Stat(s.data("standby.signal"))
	return err == nil
}

// start brings the server up in a role, or finds that it is up in that role already. The gate is the one that it was left to.
func (s *Server) start(ctx context.Context, replica bool, prepare func() error, gate ...string) (*child.Child, error) {
	select {
	case s.starting <- struct{}{}:
		defer func() { <-s.starting }()
	case <-ctx.Done():
		return nil, fmt.Errorf("start %s: another start is under way: %w", s.Name, ctx.Err())
	}
	p := s.current()
	if p != nil && p.Ending() {
		select {
		case <-p.Done():
			p = nil
		case <-ctx.Done():
			return nil, fmt.Errorf("start %s: still shutting down: %w", s.Name, ctx.Err())
		}
	}
	if p != nil && !s.isHeld() {
		if err := s.awaitOpen(ctx, p); err != nil {
			return p, err
		}
		return p, s.expectRole(ctx, replica)
	}
	if err := prepare(); err != nil {
		return p, err
	}
	if p, err := s.letStart(ctx, p, replica, gate); err != nil {
		return p, err
	}
	if err := s.expectRole(ctx, replica); err != nil {
		return s.current(), err
	}
	s.fleet.log("%s started as a %s", s.Name, roleName(replica))
	return s.current(), nil
}

// letStart starts a gate, or has one that holds start the replica that its data have become.
func (s *Server) letStart(ctx context.Context, p *child.Child, replica bool, gate []string) (*child.Child, error) {
	if p == nil {
		return s.launch(ctx, gate...)
	}
	if replica {
		return p, s.awaitLeave(ctx, p)
	}
	return p, s.heldError()
}

// invalidAuthorization is the code of an address or a role that the access rules turn away.
const invalidAuthorization = "28000"

// expectRole asks the server itself, which proves in passing that it accepts connections. The gate says that it is open a moment before the
// server has read its access rules.
func (s *Server) expectRole(ctx context.Context, replica bool) error {
	var isReplica bool
	var err error
	_ = wait.Until(ctx, 5*glance, func() bool {
		isReplica, err = inRecovery(ctx, s.DSN(Rapbot))
		var refused *pgconn.PgError
		return !errors.As(err, &refused) || refused.Code != invalidAuthorization
	})
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
