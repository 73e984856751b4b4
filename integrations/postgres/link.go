package postgres

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// spare is how many idle connections a link keeps: one for the look of each
// second, and one for a step at the same moment.
const spare = 2

// link is a few connections to one region's server.
//
// They are used in turn, so that each is tried every few seconds and a dead
// one is found before a step needs it. A connection that turns out dead takes
// the other idle ones with it, and the work is done once more on a fresh one:
// so everything done over a link may be done twice.
type link struct {
	config *pgx.ConnConfig

	mu     sync.Mutex
	idle   []*pgx.Conn // the longest unused first
	closed bool
}

var errClosed = errors.New("the fleet is closed")

func newLink(c RegionConfig, timeout time.Duration) (*link, error) {
	config, err := connection(c, timeout)
	if err != nil {
		return nil, err
	}
	return &link{config: config}, nil
}

// address is host and port, which tell servers apart and are no secret.
func (l *link) address() string {
	return net.JoinHostPort(l.config.Host, strconv.Itoa(int(l.config.Port)))
}

// do does work on a warm connection, or on a fresh one if there is none.
func (l *link) do(ctx context.Context, work func(*pgx.Conn) error) error {
	conn := l.take()
	if conn != nil {
		err := l.use(conn, work)
		if !lost(err) || ctx.Err() != nil {
			return err
		}
	}
	return l.fresh(ctx, work)
}

// fresh does work on a connection made for it, which then stays as a warm one.
func (l *link) fresh(ctx context.Context, work func(*pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return err
	}
	return l.use(conn, work)
}

// use does work and puts the connection back, unless it is broken or in the
// middle of a transaction.
func (l *link) use(conn *pgx.Conn, work func(*pgx.Conn) error) error {
	err := work(conn)
	const atRest = 'I'
	switch {
	case conn.IsClosed():
		l.drop() // what broke one has most likely broken the others
	case conn.PgConn().TxStatus() != atRest || !l.put(conn):
		go end(conn)
	}
	return err
}

func (l *link) take() *pgx.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	conn := l.idle[0]
	l.idle = l.idle[1:]
	return conn
}

func (l *link) put(conn *pgx.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.idle) >= spare+2 {
		return false
	}
	l.idle = append(l.idle, conn)
	return true
}

// warm connects until there are enough idle connections.
func (l *link) warm(ctx context.Context) error {
	for {
		l.mu.Lock()
		enough := l.closed || len(l.idle) >= spare
		l.mu.Unlock()
		if enough {
			return nil
		}
		if err := l.fresh(ctx, func(*pgx.Conn) error { return nil }); err != nil {
			return err
		}
	}
}

func (l *link) drop() {
	l.mu.Lock()
	idle := l.idle
	l.idle = nil
	l.mu.Unlock()
	for _, conn := range idle {
		go end(conn)
	}
}

func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.drop()
}

// end says goodbye, for which nobody waits and a dead server gets little time.
func end(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is of no more use either way
}
