package regions

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to answer before it counts as silent.
const patience = 500 * time.Millisecond

// LSN is a place in the WAL, in bytes.
type LSN uint64

// String gives PostgreSQL's own form, 0/3000148.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }

// Observation is what a server says of itself.
type Observation struct {
	Replica   bool
	Writable  bool // a new transaction may write: a primary that default_transaction_read_only does not hold back
	Timeline  int
	LSN       LSN  // flushed on a primary, replayed on a replica
	Streaming bool // the WAL receiver says so, and has received something or not been turned away for two seconds; it also says so while it is frozen
	Paused    bool // a replica that replays nothing until it is told to
}

// pg_lsn minus 0/0 is the number of bytes, which spares a parser of the two halves.
const observeSQL = `
SELECT pg_is_in_recovery(),
       current_setting('transaction_read_only') = 'off',
       (CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), '0/0')
             ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::bigint,
       CASE WHEN pg_is_in_recovery()
            THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int END,
       coalesce((SELECT status = 'streaming' AND NOT (last_msg_send_time = last_msg_receipt_time AND clock_timestamp() - last_msg_receipt_time < '2 s') FROM pg_stat_wal_receiver), false),
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END`

// Observe asks the server as rapbot: a session of another role would be one more that rapbot must end before a switchover. It keeps the
// connection for the next time, since on a busy machine a new login takes longer than anybody waits for a status.
func (s *Server) Observe(ctx context.Context) (Observation, error) {
	select {
	case conn := <-s.idle:
		if o, err := s.observe(ctx, conn); err == nil {
			return o, nil
		}
		// The server may have been down since the last time, and be up again.
	default:
	}
	conn, err := pgx.Connect(ctx, s.DSN(Rapbot)+"&application_name=lab")
	if err != nil {
		return Observation{}, err
	}
	return s.observe(ctx, conn)
}

// Look asks a server over a connection of a login that may see its statistics.
func Look(ctx context.Context, conn *pgx.Conn) (o Observation, err error) {
	var position int64
	err = conn.QueryRow(ctx, observeSQL).Scan(&o.Replica, &o.Writable, &position, &o.Timeline, &o.Streaming, &o.Paused)
	o.LSN = LSN(position)
	return o, err
}

func (s *Server) observe(ctx context.Context, conn *pgx.Conn) (Observation, error) {
	o, err := Look(ctx, conn)
	if err != nil {
		closeNow(conn)
		return Observation{}, err
	}
	select {
	case s.idle <- conn:
	default:
		closeNow(conn)
	}
	return o, nil
}

// forgetIdle closes the connection that Observe keeps.
func (s *Server) forgetIdle() {
	select {
	case conn := <-s.idle:
		closeNow(conn)
	default:
	}
}

// RegionStatus is a region's line in GET /lab/fleet. What is not known is left out.
type RegionStatus struct {
	Name      string `json:"name"`
	State     State  `json:"state"`
	Role      string `json:"role"` // primary, replica or unknown
	Writable  bool   `json:"writable"`
	Timeline  int    `json:"timeline"`
	LSN       string `json:"lsn"`
	LagBytes  *int64 `json:"lag_bytes,omitempty"`
	Streaming *bool  `json:"streaming,omitempty"`
	Paused    bool   `json:"replay_paused,omitempty"`
	Dark      *bool  `json:"dark,omitempty"`  // instance commands get no answer; left out in a fleet without links, which cannot be darkened
	Error     string `json:"error,omitempty"` // why a running server did not answer
	Gate      string `json:"gate,omitempty"`  // why the boot gate holds the server

	at LSN
}

// Take adds what a server says of itself.
func (r *RegionStatus) Take(o Observation) {
	r.Role, r.Writable, r.Timeline, r.LSN, r.at = roleName(o.Replica), o.Writable, o.Timeline, o.LSN.String(), o.LSN
	if o.Replica {
		r.Streaming, r.Paused = &o.Streaming, o.Paused
	}
}

// Compare adds how far the replicas are behind the present primary. Two servers were not read at the same instant, so a replica may seem to be ahead.
func Compare(lines []*RegionStatus) {
	primary := presentPrimary(lines)
	for _, line := range lines {
		if primary != nil && line.Role == "replica" {
			lag := max(0, int64(primary.at)-int64(line.at))
			line.LagBytes = &lag
		}
	}
}

// presentPrimary is nil when there is none; of two that call themselves so, the one on the later timeline was promoted last.
func presentPrimary(lines []*RegionStatus) (newest *RegionStatus) {
	for _, line := range lines {
		if line.Role == "primary" && (newest == nil || line.Timeline > newest.Timeline) {
			newest = line
		}
	}
	return newest
}

// Status asks all servers at once and waits half a second at most, so that a silent one costs the others nothing.
func (f *Fleet) Status(ctx context.Context) []*RegionStatus { return f.status(ctx, patience) }

func (f *Fleet) status(ctx context.Context, atMost time.Duration) []*RegionStatus {
	seen := f.observeAll(ctx, atMost)
	lines := make([]*RegionStatus, len(f.servers))
	for i, server := range f.servers {
		line := &RegionStatus{Name: server.Name, State: server.State(), Role: "unknown"}
		if dark := !server.Reachable(); len(server.inbound.links) > 0 {
			line.Dark = &dark
		}
		switch o, err := seen[i].Observation, seen[i].err; {
		case err != nil && (line.State == Running || line.State == Frozen):
			line.Error = err.Error()
		case err == nil:
			o.Streaming = o.Streaming && line.State != Frozen
			line.Take(o)
		}
		if line.State == Held {
			line.Gate = server.heldReason()
		}
		lines[i] = line
	}
	Compare(lines)
	return lines
}

type observed struct {
	Observation
	err error
}

func (f *Fleet) observeAll(ctx context.Context, atMost time.Duration) []observed {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	seen := make([]observed, len(f.servers))
	var all sync.WaitGroup
	for i, server := range f.servers {
		all.Go(func() {
			o, err := server.Observe(ctx)
			seen[i] = observed{o, err}
		})
	}
	all.Wait()
	return seen
}

// Primary is the present primary, or an error when no server is one. It is more patient than Status: a wrong "none" would
// be taken for a finding.
func (f *Fleet) Primary(ctx context.Context) (*Server, error) {
	if primary := presentPrimary(f.status(ctx, 10*patience)); primary != nil {
		return f.Region(primary.Name), nil
	}
	return nil, fmt.Errorf("no region has a primary")
}
