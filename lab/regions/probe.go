package regions

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Probe tries a write on every server, every 50 ms, and remembers each try. It is the witness against two primaries.
//
// Its write begins with BEGIN READ WRITE, since default_transaction_read_only stops nobody who asks for more, and commits with
// synchronous_commit local, since a commit that waits for a replica is on this server's disk already: whatever the server can be
// made to accept counts.
type Probe struct {
	fleet  *Fleet
	cancel context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	samples []Sample
}

// Sample is one try on one server. The write happened between At and End; At comes from the server's own clock, read inside
// the transaction, so no delay on the way back can move it. All servers share this machine's clock.
type Sample struct {
	Server    string
	Start     time.Time // before the first word to the server, over a connection that was there already
	At        time.Time // zero unless Committed
	End       time.Time // when the answer, or the lack of one, was known
	Answered  bool      // the server said whether it is a replica
	Replica   bool
	ReadOnly  bool // a primary with default_transaction_read_only, which the write passes by
	Committed bool
	Timeline  int // of the write
	LSN       LSN
	Err       string
}

// Overlap is a proof of two primaries: Old was seen inside a write, which it then committed, after New had been seen inside one
// on a later timeline; or both wrote on the same timeline.
type Overlap struct{ Old, New Sample }

const (
	probeEvery    = 50 * time.Millisecond
	probePatience = 200 * time.Millisecond
)

// StartProbe starts a probe, which runs until its Stop or the fleet's Close.
func (f *Fleet) StartProbe() *Probe {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Probe{fleet: f, cancel: cancel}
	f.mu.Lock()
	f.probes = append(f.probes, p)
	f.mu.Unlock()
	for _, server := range f.servers {
		p.all.Go(func() { p.watch(ctx, server) })
	}
	return p
}

// Stop ends the probe; its samples stay.
func (p *Probe) Stop() {
	p.cancel()
	p.all.Wait()
}

// watch tries one server at each beat. A server that answers late delays nobody else's tries.
func (p *Probe) watch(ctx context.Context, server *Server) {
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			closeNow(conn)
		}
	}()
	beat := time.NewTicker(probeEvery)
	defer beat.Stop()
	for ctx.Err() == nil {
		var sample Sample
		conn, sample = tryWrite(conn, server)
		p.mu.Lock()
		p.samples = append(p.samples, sample)
		p.mu.Unlock()
		select {
		case <-beat.C:
		case <-ctx.Done():
		}
	}
}

// tryWrite makes one sample and gives back the connection, or nil when it is of no more use.
func tryWrite(conn *pgx.Conn, server *Server) (*pgx.Conn, Sample) {
	ctx, cancel := context.WithTimeout(context.Background(), probePatience)
	defer cancel()
	sample := Sample{Server: server.Name, Start: time.Now()}
	var err error
	if conn == nil {
		conn, err = pgx.Connect(ctx, server.DSN(App))
		sample.Start = time.Now()
	}
	if err == nil {
		err = writeOnce(ctx, conn, &sample)
	}
	sample.End = time.Now()
	if err == nil {
		return conn, sample
	}
	sample.Err = err.Error()
	if conn != nil {
		closeNow(conn)
	}
	return nil, sample
}

// writeOnce asks for the role first: a replica refuses the write anyway, and would log the refusal twenty times a second.
func writeOnce(ctx context.Context, conn *pgx.Conn, sample *Sample) error {
	err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'").
		Scan(&sample.Replica, &sample.ReadOnly)
	if err != nil {
		return err
	}
	sample.Answered = true
	if sample.Replica {
		return nil
	}
	if _, err := conn.Exec(ctx, "BEGIN READ WRITE; SET LOCAL synchronous_commit = local"); err != nil {
		return err
	}
	var position int64
	err = conn.QueryRow(ctx, `INSERT INTO probes (server) VALUES ($1)
		RETURNING at, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int,
		          (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint`, sample.Server).
		Scan(&sample.At, &sample.Timeline, &position)
	if err != nil {
		return err
	}
	sample.LSN = LSN(position)
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		return err
	}
	sample.Committed = true
	return nil
}

// Samples lists the tries in the order in which they ended.
func (p *Probe) Samples() []Sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Sample(nil), p.samples...)
}

// SamplesSince lists the tries that ended after a moment, in the same order.
func (p *Probe) SamplesSince(moment time.Time) []Sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []Sample
	for _, s := range slices.Backward(p.samples) {
		// Each server's tries are in order; between servers the order is off by a moment at the most.
		if s.End.Before(moment.Add(-probePatience)) {
			break
		}
		if s.End.After(moment) {
			some = append(some, s)
		}
	}
	slices.Reverse(some)
	return some
}

// TwoWritable lists the proofs that two servers were primaries at once. Each stands for itself, with no tolerance to be
// chosen: a switchover leaves none however fast it is, and two primaries side by side for longer than 50 ms leave one.
func (p *Probe) TwoWritable() []Overlap { return Overlaps(p.Samples()) }

// Overlaps compares each committed write with the first one of every other server on every timeline: the first shows from when on
// that server was a primary there.
func Overlaps(samples []Sample) []Overlap {
	type reign struct {
		server   string
		timeline int
	}
	first := map[reign]Sample{}
	for _, s := range samples {
		r := reign{s.Server, s.Timeline}
		if known, ok := first[r]; s.Committed && (!ok || s.At.Before(known.At)) {
			first[r] = s
		}
	}
	var found []Overlap
	for _, s := range samples {
		for r, start := range first {
			if !s.Committed || r.server == s.Server {
				continue
			}
			if r.timeline == s.Timeline || r.timeline > s.Timeline && s.At.After(start.At) {
				found = append(found, Overlap{Old: s, New: start})
			}
		}
	}
	return found
}
