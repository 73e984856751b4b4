package regions

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// WriterOptions say how hard the application writes.
type WriterOptions struct {
	Workers int           // sessions at once; default 4
	Pause   time.Duration // mean pause between two inserts of one session; default 1.5 ms
}

// Writer stands for the application: it inserts numbered rows through the multi-host address and keeps which of them were acknowledged.
// A number is used once. An insert without an answer may or may not have happened: its number counts as failed and is never tried again.
type Writer struct {
	config  *pgx.ConnConfig
	primary Finder
	opts    WriterOptions
	cancel  context.CancelFunc // of the sessions that run now
	all     sync.WaitGroup

	mu        sync.Mutex
	next      int64
	acked     []Ack
	failed    int64
	started   time.Time
	lastGap   time.Duration
	longest   time.Duration
	lastError string
}

// Ack is one acknowledged row.
type Ack struct {
	ID   int64
	At   time.Time // when the answer arrived
	Port uint16    // of the server that acknowledged it; all of them are on loopback
}

// Finder gives the address of the server that is the primary at present.
type Finder func(context.Context) (dsn string, err error)

// Counters are the answer of GET /lab/writer. Attempted counts the rows sent, so an application that cannot connect attempts nothing;
// what is neither acknowledged nor failed is under way.
type Counters struct {
	Attempted    int64      `json:"attempted"`
	Acknowledged int64      `json:"acknowledged"`
	Failed       int64      `json:"failed"`
	LastAck      *time.Time `json:"last_ack"`
	GapMS        int64      `json:"gap_ms"`         // between the last two acknowledgements
	LongestGapMS int64      `json:"longest_gap_ms"` // between any two since the last reset
	CurrentGapMS int64      `json:"current_gap_ms"` // since the last acknowledgement
	LastError    string     `json:"last_error,omitempty"`
}

// NewWriter starts a writer on the servers of a multi-host address. Check asks the server that primary finds.
func NewWriter(dsn string, primary Finder, opts WriterOptions) (*Writer, error) {
	if opts.Workers <= 0 {
		opts.Workers = 4
	}
	if opts.Pause <= 0 {
		opts.Pause = 1500 * time.Microsecond
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("start writer: %w", err)
	}
	config.ConnectTimeout = 500 * time.Millisecond
	w := &Writer{config: config, primary: primary, opts: opts, next: 1, started: time.Now()}
	w.Resume()
	return w, nil
}

// StartWriter starts the fleet's writer, of which there is one at a time.
func (f *Fleet) StartWriter(opts WriterOptions) (*Writer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writer != nil {
		return nil, errors.New("start writer: the fleet has one already")
	}
	w, err := NewWriter(f.MultiHostDSN(), f.primaryDSN, opts)
	if err == nil {
		f.writer = w
	}
	return w, err
}

// Stop ends the sessions after the inserts under way, so that stopping makes no failures.
func (w *Writer) Stop() {
	w.cancel()
	w.all.Wait()
}

// Resume lets a stopped writer go on with the next number. The time in between counts as a gap until ResetGap.
func (w *Writer) Resume() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	for range w.opts.Workers {
		w.all.Go(func() { w.work(ctx, w.config.Copy()) })
	}
}

// work is one session of the application: it connects to whichever server takes writes and inserts until something fails, then
// connects anew. The failure may be that the server no longer takes writes, which only a new connection finds a way around.
func (w *Writer) work(ctx context.Context, config *pgx.ConnConfig) {
	for ctx.Err() == nil {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			err = w.insertAll(ctx, conn)
			closeNow(conn)
		}
		if err != nil && ctx.Err() == nil {
			w.note(err)
			sleep(ctx, between(5*time.Millisecond, 10*time.Millisecond))
		}
	}
}

func (w *Writer) insertAll(ctx context.Context, conn *pgx.Conn) error {
	port := portOf(conn)
	for ctx.Err() == nil {
		id := w.take()
		if err := insert(conn, id); err != nil {
			w.fail()
			return err
		}
		w.acknowledge(id, port)
		sleep(ctx, between(w.opts.Pause*2/3, w.opts.Pause*4/3))
	}
	return nil
}

// insert has a deadline of its own and not the writer's: the writer's end must not turn an acknowledged row into an unknown one.
func insert(conn *pgx.Conn, id int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := conn.Exec(ctx, "INSERT INTO writes (id) VALUES ($1)", id)
	return err
}

// portOf is the port of the server that the driver chose.
func portOf(conn *pgx.Conn) uint16 {
	at, err := netip.ParseAddrPort(conn.PgConn().Conn().RemoteAddr().String())
	if err != nil {
		return 0
	}
	return at.Port()
}

func (w *Writer) take() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.next
	w.next++
	return id
}

func (w *Writer) fail() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed++
}

func (w *Writer) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastError = err.Error()
}

func (w *Writer) acknowledge(id int64, port uint16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := time.Now() // under the lock, so that the times rise in the order of the list
	if n := len(w.acked); n > 0 {
		w.lastGap = at.Sub(w.acked[n-1].At)
		w.longest = max(w.longest, w.lastGap)
	}
	w.acked = append(w.acked, Ack{id, at, port})
}

// Counters tells how the writer fares.
func (w *Writer) Counters() Counters {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := Counters{
		Attempted: w.next - 1, Acknowledged: int64(len(w.acked)), Failed: w.failed,
		GapMS: w.lastGap.Milliseconds(), LongestGapMS: w.longest.Milliseconds(),
		CurrentGapMS: time.Since(w.started).Milliseconds(), LastError: w.lastError,
	}
	if n := len(w.acked); n > 0 {
		last := w.acked[n-1].At
		c.LastAck, c.CurrentGapMS = &last, time.Since(last).Milliseconds()
	}
	return c
}

// ResetGap forgets the longest gap. A gap that is under way still counts whole when it ends.
func (w *Writer) ResetGap() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.longest = 0
}

// Acks lists the acknowledged rows in the order of their acknowledgement.
func (w *Writer) Acks() []Ack {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Ack(nil), w.acked...)
}

// AcksSince lists the rows that were acknowledged after a moment, in the same order.
func (w *Writer) AcksSince(moment time.Time) []Ack {
	w.mu.Lock()
	defer w.mu.Unlock()
	first, _ := slices.BinarySearchFunc(w.acked, moment, func(a Ack, m time.Time) int { return a.At.Compare(m) })
	return slices.Clone(w.acked[first:])
}

// Acked lists the numbers of the acknowledged rows in the order of their acknowledgement.
func (w *Writer) Acked() []int64 {
	acks := w.Acks()
	ids := make([]int64, len(acks))
	for i, ack := range acks {
		ids[i] = ack.ID
	}
	return ids
}

func between(low, high time.Duration) time.Duration { return low + rand.N(high-low+1) }

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Writer is the fleet's writer, or nil before StartWriter.
func (f *Fleet) Writer() *Writer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writer
}
