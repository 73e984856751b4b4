package line

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// session is one connection over a line: the client's half and the server's, and a goroutine for each direction.
type session struct {
	line   *Line
	reach  Reach
	client *net.TCPConn
	ended  chan struct{} // closed at the end

	mu     sync.Mutex
	server *net.TCPConn // nil until the server was reached
	over   bool
}

// Listen listens on an address. Multipath TCP, Go's default, would hide plain TCP's behaviour on both sides of the line.
func Listen(addr string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp4", addr)
}

func (s *session) run() {
	defer s.line.dismiss(s)
	defer s.reset() // unless it came to an orderly end
	waited, ok := s.awaitFlow()
	// A client that gave up on a stalled line is not brought to the server now: on a real line the server never heard of it.
	if !ok || waited && hungUp(s.client) {
		return
	}
	if err := s.connect(); err != nil {
		return
	}
	var there sync.WaitGroup
	there.Go(func() { s.pump(s.server, s.client) })
	s.pump(s.client, s.server)
	there.Wait()
	s.finish()
}

// awaitFlow waits until the line forwards, and tells whether it had to wait. It is not ok when the session was reset instead.
func (s *session) awaitFlow() (waited, ok bool) {
	for {
		traffic, changed := s.line.now()
		if traffic.State == OK {
			return waited, true
		}
		waited = true
		select {
		case <-changed:
		case <-s.ended:
			return waited, false
		}
	}
}

// connect reaches what the line leads to.
func (s *session) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := s.reach(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		abort(conn)
		return net.ErrClosed
	}
	s.server = conn
	return nil
}

// pump carries bytes from one half to the other until there are no more. The end of the stream is passed on as such, a broken connection as a reset.
func (s *session) pump(to, from *net.TCPConn) {
	for {
		// The deadline is cleared before the look at the traffic: a change after the look interrupts the copying, one before it is seen.
		_ = from.SetReadDeadline(time.Time{})
		traffic, _ := s.line.now()
		var err error
		switch {
		case traffic.State != OK:
			if _, ok := s.awaitFlow(); !ok {
				return
			}
			continue
		case traffic.Delay == 0 && traffic.Jitter == 0:
			_, err = io.Copy(to, from)
		default:
			err = s.carryLate(to, from, traffic)
		}
		switch {
		case err == nil:
			_ = to.CloseWrite()
			return
		case !errors.Is(err, os.ErrDeadlineExceeded):
			s.reset()
			return
		}
	}
}

// interrupt makes both directions look at the link's traffic again. Only reading is interrupted: what was read is always written.
func (s *session) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.client.SetReadDeadline(time.Unix(1, 0))
	if s.server != nil {
		_ = s.server.SetReadDeadline(time.Unix(1, 0))
	}
}

// reset breaks both halves off; whoever reads or writes there sees a broken connection.
func (s *session) reset() { s.end(abort) }

// finish closes both halves after the ends of both streams were passed on. What is still on its way out arrives.
func (s *session) finish() { s.end(func(conn *net.TCPConn) { _ = conn.Close() }) }

func (s *session) end(how func(*net.TCPConn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over = true
	close(s.ended)
	how(s.client)
	if s.server != nil {
		how(s.server)
	}
}

func abort(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// Dial connects to an address, as Listen listens.
func Dial(ctx context.Context, addr string) (*net.TCPConn, error) {
	var dialer net.Dialer
	dialer.SetMultipathTCP(false)
	conn, err := dialer.DialContext(ctx, "tcp4", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil // the network is tcp4
}

// hungUp tells whether the other end has closed the connection, whatever it had sent before.
func hungUp(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	gone := true
	_ = raw.Control(func(fd uintptr) {
		look := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(look, 0)
		gone = err == nil && n > 0
	})
	return gone
}
